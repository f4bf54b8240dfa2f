"""What is processed of people's accounts (see `accounts.activities`)."""

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import rules
from accounts.activities import Activity
from accounts.models import IdentityProvider, RetentionRule
from accounts.retention import rule_of_the_house
from accounts.roles import EVERY_ROLE


def activities() -> list[Activity]:
    return [_accounts(), _audit()]


def _accounts() -> Activity:
    return Activity(
        name=_("Accounts and sign-in"),
        purpose=_("Letting the people of the organisation in, and nobody else; their preferences."),
        people=_("People with an account; people who were invited"),
        data=_("Name, email, role, teams, preferences, own instructions, remembered sentences; sessions with browser, "
               "address and time; passwords and second factors in a form that cannot be read back"),
        retention=_("Until the person is erased. Ended sessions: an hour. Copies for download: seven days."),
        recipients=[f"{provider.name} ({provider.issuer})" for provider in IdentityProvider.objects.active()],
    )  # fmt: skip


def _audit() -> Activity:
    rule, months = rule_of_the_house(RetentionRule.Kind.AUDIT), settings.AUDIT_RETENTION_MONTHS
    kept = for_days(rule.days) if rule else _("%(months)s months") % {"months": months} if months else _("without end")
    return Activity(
        name=_("Audit log"),
        purpose=_("Finding out who changed what in rights and configuration; recognising attacks."),
        people=_("People with an account"),
        data=_("Who did what to which thing, when, with which outcome; network address (%(how)s). No content.")
        % {"how": {"full": _("whole"), "none": _("not kept")}.get(settings.AUDIT_ADDRESSES, _("truncated"))},
        retention=kept,
    )


def for_days(days: int) -> str:
    return ngettext("%(days)s day", "%(days)s days", days) % {"days": days}


def rules_of(kind: str) -> str:
    """How long, for all and for teams."""
    found = RetentionRule.objects.filter(kind=kind).select_related("team").order_by("team__name")
    said = [f"{rule.team or _('all')}: {for_days(rule.days)}" for rule in found]
    if said:
        return _("Without being used: %(rules)s; or until it is deleted") % {"rules": ", ".join(said)}
    return _("Until it is deleted by its owner, or the person is erased")


def measures() -> list[str]:
    """What protects all of it, as it is set at this moment."""
    required = [str(label) for role, label in EVERY_ROLE if role in rules.current().second_factor_for]
    second = _("Second factor required for: %(roles)s") % {"roles": ", ".join(required)}
    return [
        _("Encrypted transport (https)") if settings.SECURE else _("Transport is not encrypted (http)"),
        second if required else _("Second factors offered, required of nobody"),
        _("Passwords as Argon2id; API keys as SHA-256; secrets of servers and factors encrypted at rest"),
        _("Access by ownership and explicit sharing only; admins cannot read what others wrote"),
        _("Append-only audit log; rights that are taken away end within five seconds"),
        _("Self-service copy and erasure with a certificate; legal holds; retention by rule"),
    ]
