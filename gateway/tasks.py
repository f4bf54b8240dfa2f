from celery import shared_task

from gateway import calls


@shared_task  # type: ignore[untyped-decorator]  # celery has no types
def sweep_calls() -> None:
    calls.sweep()
