import pytest
from django.db import connection
from pytest_django import Settings

from config.running import diagnosis
from tests.run.instance import Instance, running_on


def test_the_doctor_alone_starts_what_it_needs_finds_what_is_missing_and_ends_it(instance: Instance) -> None:
    answer = instance.manage("doctor")
    assert answer.returncode == 1
    assert "with pgvector 0." in answer.stdout
    assert "missing  Worker:" in answer.stdout
    assert not running_on(instance.data)


def test_the_doctor_can_still_speak_without_a_database(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "PORT", 1)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    said = {finding.about: finding.text for finding in diagnosis.findings() if not finding.is_well}
    assert {"Database", "Migrations", "Redis", "Worker", "Upstreams"} <= set(said)
    assert said["Database"] == "Cannot use the database at 127.0.0.1:1 (DATABASE_URL): Connection refused"
