from celery import shared_task

from gateway import calls


@shared_task
def sweep_calls() -> None:
    calls.sweep()
