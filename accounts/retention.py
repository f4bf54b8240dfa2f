"""How long what is kept: the rules of the panel, whom each is about, and the audit log's own.

A team's rule goes before that for all. For who is in several teams with a rule the longest time holds: what is gone too
early cannot be had back. What is under a legal hold is left out of every rule.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import audit, holds
from accounts.audit import AuditEvent, Kind
from accounts.models import RetentionRule, Team, User

MONTH = timedelta(days=31)
YOUNGEST = timedelta(days=28)  # the database lets no younger event go


def people_under(rule: RetentionRule) -> QuerySet[User]:
    others = RetentionRule.objects.filter(kind=rule.kind, team__isnull=False).exclude(pk=rule.pk)
    free = User.objects.exclude(pk__in=holds.people().values("pk"))
    if rule.team_id is None:
        return free.exclude(membership__team__in=others.values("team"))
    longer = others.filter(days__gt=rule.days)
    return free.filter(membership__team=rule.team_id).exclude(membership__team__in=longer.values("team"))


def teams_under(rule: RetentionRule) -> QuerySet[Team]:
    """Of what belongs to a team itself."""
    free = Team.objects.exclude(pk__in=holds.teams())
    others = RetentionRule.objects.filter(kind=rule.kind, team__isnull=False).exclude(pk=rule.pk)
    return free.filter(pk=rule.team_id) if rule.team_id else free.exclude(pk__in=others.values("team"))


def rule_of(user: User, kind: str) -> RetentionRule | None:
    rules = RetentionRule.objects.filter(kind=kind)
    of_teams = rules.filter(team__in=user.membership_set.values("team")).order_by("-days").first()
    return of_teams or rules.filter(team=None).first()


def rule_of_the_house(kind: str) -> RetentionRule | None:
    return RetentionRule.objects.filter(kind=kind, team=None).first()


def audit_kept_since(rule: RetentionRule | None = None) -> datetime | None:
    """None: of all. Under a hold nothing goes, since an event may be about anybody."""
    months: int = settings.AUDIT_RETENTION_MONTHS
    rule = rule or rule_of_the_house(RetentionRule.Kind.AUDIT)
    if holds.any_person() or not (rule or months):
        return None
    return min(rule.cutoff if rule else timezone.now() - MONTH * months, timezone.now() - YOUNGEST)


def preview(rule: RetentionRule) -> dict[str, int]:
    since = audit_kept_since(rule)
    return {"events": AuditEvent.objects.filter(Q(at__lt=since)).count() if since else 0}


def keep_audit() -> int:
    since = audit_kept_since()
    forgotten = audit.forget_before(since) if since else 0
    if forgotten:
        audit.record(Kind.RETENTION, detail=f"audit log: {forgotten}")
    return forgotten
