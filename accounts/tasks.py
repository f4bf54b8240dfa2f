import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from accounts import audit, sessions

logger = logging.getLogger(__name__)


@shared_task  # type: ignore[untyped-decorator]  # celery has no types
def keep_audit() -> None:
    months: int = settings.AUDIT_RETENTION_MONTHS
    if months and (forgotten := audit.forget_before(timezone.now() - timedelta(days=31 * months))):
        logger.warning("%s events of the audit log were over their time and are gone.", forgotten)


@shared_task  # type: ignore[untyped-decorator]
def forget_ended_sessions() -> None:
    sessions.forget_ended()
