"""What cannot work is said in one line, and nothing is left behind."""

import os
from pathlib import Path

import pytest

from tests.run.instance import Instance


def refusal(instance: Instance) -> str:
    answer = instance.manage("up")
    assert answer.returncode == 1, answer.stdout
    assert "Traceback" not in answer.stderr
    return answer.stderr


def test_an_unreachable_database(instance: Instance) -> None:
    instance.environment["DATABASE_URL"] = "postgres://voliere:secret@127.0.0.1:1/voliere"
    answer = refusal(instance)
    assert "Cannot use the database at 127.0.0.1:1 (DATABASE_URL)" in answer
    assert "secret" not in answer


def test_a_wrong_password(instance: Instance) -> None:
    instance.environment["DATABASE_URL"] = os.environ["DATABASE_URL"].replace("voliere:", "voliere:wrong")
    assert "password authentication failed" in refusal(instance)


def test_an_unreachable_redis(instance: Instance) -> None:
    instance.environment |= {"REDIS_URL": "redis://127.0.0.1:1/0", "DATABASE_URL": os.environ["DATABASE_URL"]}
    assert "Cannot use Redis at 127.0.0.1 (REDIS_URL)" in refusal(instance)


def test_a_database_address_that_is_none(instance: Instance) -> None:
    instance.environment["DATABASE_URL"] = "my database"
    assert "DATABASE_URL" in refusal(instance)


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none(instance: Instance, port: str) -> None:
    instance.environment["PORT"] = port
    assert f"PORT must be a number from 1 to 65535, not '{port}'." in refusal(instance)


def test_a_host_that_is_not_ours(instance: Instance) -> None:
    instance.environment["HOST"] = "192.0.2.1"
    assert "Cannot use 192.0.2.1" in refusal(instance)


def test_a_data_folder_that_is_a_file(instance: Instance, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    assert f"Cannot write to the data folder {tmp_path / 'data'}" in refusal(instance)


def test_half_an_admin(instance: Instance) -> None:
    instance.environment |= {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
    instance.environment["VOLIERE_ADMIN_EMAIL"] = "admin@example.org"
    assert "belong together" in refusal(instance)
