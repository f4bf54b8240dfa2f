"""Who may what in this house: the one place that says so. Pages, panel and tests go by this table.

A person has one role in the house, and may lead teams besides. What a person wrote or uploaded is not a matter of
roles: it is for those it was shared with (`visible_to`), whatever their role.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.models import Team, User


class Role(models.TextChoices):
    MEMBER = "member", _("Member")
    AUDITOR = "auditor", _("Auditor")
    ADMIN = "admin", _("Admin")


LEAD = "lead"  # of a team, besides the role in the house: Membership.Role.LEAD
EVERY_ROLE = [*Role.choices, (LEAD, _("Team lead"))]


class May(StrEnum):
    ENTER_PANEL = "enter the panel"
    SEE_SETTINGS = "see the configuration and who is here"
    CHANGE_SETTINGS = "change the configuration, people and teams"
    SEE_AUDIT = "read and export the audit log"
    SEE_USAGE = "see who used how much"
    SEE_FILES = "see which collections and documents there are"
    INVITE_ANYONE = "invite anyone, with any role"
    CREATE_KEYS = "create API keys without being in a team that may"
    INVITE_TO_TEAM = "invite members to a team"
    READ_CONTENT_OF_OTHERS = "read what is not shared with them"


MAY: dict[str, frozenset[May]] = {
    Role.MEMBER: frozenset(),
    LEAD: frozenset({May.INVITE_TO_TEAM}),
    Role.AUDITOR: frozenset({May.ENTER_PANEL, May.SEE_SETTINGS, May.SEE_AUDIT}),
    Role.ADMIN: frozenset(May) - {May.READ_CONTENT_OF_OTHERS},
}

# what an auditor is shown in the panel, and nothing that is not named: no usage, no collections, no documents
SETTINGS = {
    "accounts.user",
    "accounts.team",
    "accounts.membership",
    "accounts.invitation",
    "accounts.houserules",
    "accounts.notice",
    "accounts.breakglass",
    "accounts.identityprovider",
    "accounts.groupmapping",
    "accounts.controller",
    "accounts.erasure",
    "accounts.legalhold",
    "accounts.retentionrule",
    "gateway.upstream",
    "gateway.deployment",
    "gateway.alias",
    "gateway.quota",
    "gateway.apikey",
    "gateway.powermeter",
    "gateway.serverhours",
    "gateway.energyrules",
    "gateway.energyhour",  # by server and team, no person
    "gateway.webhook",
    "rag.embeddingindex",
}
AUDIT = {"accounts.auditevent"}


def role_of(user: "User") -> Role:
    """Django's two flags, which its panel and its commands go by, in one word."""
    if user.is_superuser:
        return Role.ADMIN
    return Role.AUDITOR if user.is_staff else Role.MEMBER


def may(user: Any, what: May, team: "Team | None" = None) -> bool:
    """`team` is which one, where it matters whose lead they are."""
    if not user.is_active or not user.is_authenticated:
        return False
    if what is May.SEE_USAGE and _is_usage_sealed():
        return False
    return what in MAY[role_of(user)] or (team is not None and what in MAY[LEAD] and team.is_led_by(user))


def _is_usage_sealed() -> bool:
    """In works-council mode nobody sees it by their role alone: `accounts.council`."""
    from accounts import rules  # which knows the roles

    return rules.current().works_council


def roles_held(user: "User") -> set[str]:
    """For rules that are made for roles."""
    leads = user.membership_set.filter(role=LEAD).exists()
    return {role_of(user), *([LEAD] if leads else [])}


def seen_in_panel(user: Any) -> set[str]:
    allowed = {May.SEE_SETTINGS: SETTINGS, May.SEE_AUDIT: AUDIT}
    return set().union(*(names for what, names in allowed.items() if may(user, what)))
