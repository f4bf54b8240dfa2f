import logging

from celery import shared_task

from accounts import retention, sessions

logger = logging.getLogger(__name__)


@shared_task  # type: ignore[untyped-decorator]  # celery has no types
def keep_audit() -> None:
    if forgotten := retention.keep_audit():
        logger.warning("%s events of the audit log were over their time and are gone.", forgotten)


@shared_task  # type: ignore[untyped-decorator]
def forget_ended_sessions() -> None:
    sessions.forget_ended()
