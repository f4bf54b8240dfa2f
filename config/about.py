"""`/about/`: what this instance records and where data goes, in words, out of what is set at this moment.

Whatever an app has to say of it stands in its `about` module; one more module is one more name in `TOLD_BY`.
"""

import os
import tomllib
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

import accounts.about
import chat.about
import gateway.about
import rag.about
from accounts import notices
from accounts.about import Part, Topic
from accounts.roles import EVERY_ROLE
from accounts.signing_in import sign_in_required

VERSION = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
TOLD_BY = (chat.about.parts, rag.about.parts, gateway.about.parts, accounts.about.parts)


def parts() -> Iterator[Part]:
    for told in TOLD_BY:
        yield from told()
    if collector := os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        host = urlsplit(collector).hostname or ""
        text = _("%(host)s gets how long each step of a request took. No content.") % {"host": host}
        yield Part(Topic.LEAVES, _("Traces"), text)
    text = _("Pages load nothing from elsewhere, and this software reports to nobody.")
    yield Part(Topic.LEAVES, _("Anything else"), text)


@sign_in_required
@require_GET
def about(request: HttpRequest) -> HttpResponse:
    told = list(parts())
    roles = dict(EVERY_ROLE)
    context = {
        "recorded": [part for part in told if part.topic == Topic.RECORDED],
        "not_recorded": [part for part in told if part.topic == Topic.NOT_RECORDED],
        "leaves": [part for part in told if part.topic == Topic.LEAVES],
        "outside": gateway.about.outside(),
        "models": gateway.about.models(),
        "roles": [roles[role] for role in accounts.about.ROLES],
        "rights": accounts.about.rights(),
        "contacts": accounts.about.contacts(),
        "notice": notices.current(),
        "version": VERSION,
    }
    return render(request, "about.html", context)
