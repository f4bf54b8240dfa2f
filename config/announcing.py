"""Tell the workers of a job. Its row is the job: a message may be lost, the sweep over the rows finds it."""

from uuid import UUID

from celery import current_app
from django.db import transaction


def announce(task: str, pk: UUID) -> None:
    transaction.on_commit(lambda: _send(task, pk), robust=True)


def _send(task: str, pk: UUID) -> None:
    current_app.send_task(task, args=[str(pk)], retry=False)
