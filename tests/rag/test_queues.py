"""Reading has a queue of its own: nothing that has to come in time waits behind a batch of files."""

from pathlib import Path

import pytest
from celery import current_app

from config.running.programs import Address, command

ROUNDS = [entry["task"] for entry in current_app.conf.beat_schedule.values()]


def queue_of(task: str) -> str:
    return str(current_app.amqp.router.route({}, task)["queue"].name)


def consumed_by(program: str, tmp_path: Path) -> str:
    line = command(program, Address("127.0.0.1", 8000), tmp_path)
    return line[line.index("-Q") + 1]


def test_documents_are_read_by_the_worker(tmp_path: Path) -> None:
    assert queue_of("rag.tasks.ingest_document") == consumed_by("worker", tmp_path)


@pytest.mark.parametrize("task", [*ROUNDS, "config.tasks.register_inference"])
def test_the_rounds_are_made_by_another_process(tmp_path: Path, task: str) -> None:
    assert queue_of(task) == consumed_by("beat", tmp_path) != consumed_by("worker", tmp_path)
