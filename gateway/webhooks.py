"""A webhook is changed and removed: the same from its pages and for a script."""

from collections.abc import Sequence

from django.db import transaction

from accounts import audit
from accounts.audit import Kind
from gateway.models import Webhook


@transaction.atomic
def change(webhook: Webhook, fields: Sequence[str]) -> None:
    """Saves these alone: nothing that was rotated or switched off meanwhile."""
    if fields:
        webhook.save(update_fields=fields)
        audit.record(Kind.WEBHOOK_CHANGED, webhook, detail=", ".join(fields))


@transaction.atomic
def remove(webhook: Webhook) -> None:
    audit.record(Kind.WEBHOOK_REMOVED, webhook)
    webhook.delete()
