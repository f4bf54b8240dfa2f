"""What cannot work is said in one line, and nothing is left behind."""

from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from config.running import connections, preparation
from config.running.exceptions import StartError
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


def test_a_wrong_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "wrong")
    with pytest.raises(StartError, match="password authentication failed"):
        connections.check_database()


def test_an_unreachable_redis(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with pytest.raises(StartError, match=r"Cannot use Redis at 127.0.0.1 \(REDIS_URL\)"):
        connections.check_redis()


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


def test_a_data_folder_that_cannot_be_made(instance: Instance) -> None:
    instance.environment["DATA_DIR"] = "/proc/voliere"
    assert "Cannot write to the data folder /proc/voliere" in refusal(instance)


@pytest.mark.django_db
def test_half_an_admin(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    monkeypatch.setenv("VOLIERE_ADMIN_EMAIL", "admin@example.org")
    with pytest.raises(StartError, match="belong together"):
        preparation.prepare()


def test_a_log_level_that_is_none(instance: Instance) -> None:
    instance.environment["VOLIERE_LOG_LEVEL"] = "loud"
    assert "VOLIERE_LOG_LEVEL must be one of DEBUG, INFO" in refusal(instance)
