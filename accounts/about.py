"""What this instance records of people, and who may see what: this app's part of `/about/`.

Each app has an `about` module with `parts()`, which `config.about` gathers; the shape they share stands here, as every
app may import it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import IdentityProvider, User
from accounts.roles import LEAD, MAY, May, Role


class Topic(Enum):
    RECORDED = "recorded"
    NOT_RECORDED = "not recorded"
    LEAVES = "leaves the house"


@dataclass(frozen=True)
class Part:
    """One thing that is told; `kept` and `seen_by` are for what is recorded."""

    topic: Topic
    what: str
    text: str
    kept: str = ""
    seen_by: str = ""


@dataclass(frozen=True)
class Right:
    what: Promise | str
    held: list[bool]  # in the order of ROLES


ROLES = (Role.MEMBER, LEAD, Role.AUDITOR, Role.ADMIN)
SAID: dict[May, Promise] = {
    May.ENTER_PANEL: gettext_lazy("enter the administration"),
    May.SEE_SETTINGS: gettext_lazy("see the configuration, and who is here"),
    May.CHANGE_SETTINGS: gettext_lazy("change the configuration, people and teams"),
    May.SEE_AUDIT: gettext_lazy("read and export the audit log"),
    May.SEE_USAGE: gettext_lazy("see who used how much of which model"),
    May.SEE_FILES: gettext_lazy("see which collections and documents there are, by name"),
    May.INVITE_ANYONE: gettext_lazy("invite anyone, with any role"),
    May.CREATE_KEYS: gettext_lazy("create API keys without being in a team that may"),
    May.INVITE_TO_TEAM: gettext_lazy("invite members to a team"),
    May.READ_CONTENT_OF_OTHERS: gettext_lazy("read chats and documents that are not shared with them"),
}


def rights() -> list[Right]:
    return [Right(SAID[what], [_holds(role, what) for role in ROLES]) for what in May]


def _holds(role: str, what: May) -> bool:
    """Who leads a team is a member besides."""
    return what in MAY[role] or (role == LEAD and what in MAY[Role.MEMBER])


def contacts() -> list[User]:
    return list(User.objects.filter(is_superuser=True, is_active=True).order_by("name", "email"))


def months(number: int) -> str:
    """How long something is kept that a setting counts in months."""
    if not number:
        return _("without end")
    return ngettext("%(n)s month", "%(n)s months", number) % {"n": number}


def parts() -> Iterator[Part]:
    yield from _recorded()
    yield Part(Topic.NOT_RECORDED, _("Reading"), _("Which pages, chats and documents a person opens, and when."))
    yield Part(
        Topic.NOT_RECORDED,
        _("Tracking"),
        _("No cookies but those that keep a person signed in and their forms safe; no statistics of visits."),
    )
    for provider in IdentityProvider.objects.active():
        told = {"name": provider.name, "issuer": provider.issuer}
        text = _("Who signs in that way is led to %(issuer)s, which tells their address, name and groups.") % told
        yield Part(Topic.LEAVES, _("Sign-in with %(name)s") % told, text)


def _recorded() -> Iterator[Part]:
    with_account, alone, seen = _("as long as the account"), _("the person alone"), _("the person; admins and auditors")
    addresses = {"addresses": ADDRESSES.get(settings.AUDIT_ADDRESSES, ADDRESSES["truncated"])}
    rows = [
        (
            _("Account"),
            _("Address, name, role, teams, preferences; passwords and second factors in a form not to be read back."),
            with_account,
            seen,
        ),
        (
            _("Where one is signed in"),
            _("Browser, device, network address, and when it was last used."),
            _("an hour after signing out at most"),
            alone,
        ),
        (
            _("Memory and own instructions"),
            _("What a person wrote there themselves. Memory is off until they switch it on."),
            _("until they delete it"),
            alone,
        ),
        (
            _("Agreement to the privacy notice"),
            _("Which version, and when. Without a notice nobody is asked."),
            with_account,
            _("admins, as a number; who, in the audit log"),
        ),
        (
            _("Audit log"),
            _("Signing in, changes of rights and settings, shares, exports, deletions. %(addresses)s No content.")
            % addresses,
            months(settings.AUDIT_RETENTION_MONTHS),
            _("admins and auditors"),
        ),
    ]
    yield from (Part(Topic.RECORDED, *row) for row in rows)


ADDRESSES: dict[str, Promise] = {  # as accounts.origin keeps them
    "full": gettext_lazy("With network addresses."),
    "truncated": gettext_lazy("With network addresses, shortened to the network."),
    "none": gettext_lazy("Without network addresses."),
}
