"""Starting and stopping a server: by a request, or by a command that the configuration of this server allows.

What the panel says is never handed to a shell: of a command it only chooses which, and that gets one word.
"""

import subprocess
from enum import StrEnum

from django.conf import settings
from django.utils.translation import gettext as _

from gateway import outward, probing
from gateway.exceptions import HookFailed, UpstreamError
from gateway.models import ServerHours

TIMEOUT = 15.0  # seconds: all other rounds wait meanwhile
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


class Action(StrEnum):
    START = "start"
    STOP = "stop"


def call(hours: ServerHours, action: Action) -> None:
    """Raises HookFailed."""
    if hours.hook == ServerHours.Hook.COMMAND:
        _run(hours.command, action)
    else:
        _post(hours, action)


def _post(hours: ServerHours, action: Action) -> None:
    url = hours.start_url if action == Action.START else hours.stop_url
    body = {"action": action.value, "server": hours.upstream.name}
    asked = outward.ask("POST", url, seconds=TIMEOUT, authorization=hours.authorization, body=body)
    try:
        status = probing.run(asked).status
    except UpstreamError as error:
        raise HookFailed(_("The address does not answer.")) from error
    if not 200 <= status < 300:
        raise HookFailed(_("The address answers with status %(status)s.") % {"status": status})


def _run(command: str, action: Action) -> None:
    if command not in settings.HOOK_COMMANDS:  # as it stands now: the panel may remember another one
        raise HookFailed(_("The server's configuration allows no such command."))
    try:
        ended = subprocess.run(  # no shell, and named by the configuration
            [command, action.value], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd="/", env=ENVIRONMENT, timeout=TIMEOUT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise HookFailed(_("The command does not come to an end.")) from error
    except OSError as error:
        raise HookFailed(_("The command cannot be run.")) from error
    if ended.returncode:
        raise HookFailed(_("The command ended with status %(status)s.") % {"status": ended.returncode})
