"""What is over its time goes, rule by rule, and the audit log says how much. Usage and audit log have rounds of their
own (`gateway.tasks`, `accounts.tasks`), which ask the same rules."""

from types import ModuleType

import accounts.retention
import chat.retention
import gateway.retention
import rag.retention
from accounts import audit
from accounts.audit import Kind
from accounts.models import RetentionRule

MODULES: dict[str, ModuleType] = {
    RetentionRule.Kind.CONVERSATIONS: chat.retention,
    RetentionRule.Kind.DOCUMENTS: rag.retention,
    **dict.fromkeys(RetentionRule.OF_A_CLASS, rag.retention),
    RetentionRule.Kind.FILES: rag.retention,
    RetentionRule.Kind.USAGE: gateway.retention,
    RetentionRule.Kind.AUDIT: accounts.retention,
}


def preview(rule: RetentionRule) -> dict[str, int]:
    """What would go now, saved or not."""
    counts: dict[str, int] = MODULES[rule.kind].preview(rule)
    return {what: number for what, number in counts.items() if number}


def apply() -> None:
    kinds = {*RetentionRule.OF_A_TEAM, *RetentionRule.OF_A_CLASS}
    for rule in RetentionRule.objects.filter(kind__in=kinds).order_by("pk"):
        if gone := MODULES[rule.kind].apply(rule):
            team = f", team {rule.team_id}" if rule.team_id else ""
            audit.record(Kind.RETENTION, rule, detail=f"{rule.kind}{team}: {gone}")
