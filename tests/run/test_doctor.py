import pytest
from django.db import connection
from pytest_django import Settings

from config.running import diagnosis
from config.running.exceptions import StartError
from tests.fake_upstream import FakeUpstream
from tests.gateway.serving import in_this_process
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


def test_the_front_door_is_tried_with_openais_own_client(transactional_db: None, settings: Settings) -> None:
    with in_this_process() as address:
        settings.PUBLIC_URL = address
        assert diagnosis._front_door() == f"OpenAI's own client is understood at {address}/v1"


def test_another_server_at_our_address_is_told_apart(settings: Settings, fake_upstream: FakeUpstream) -> None:
    settings.PUBLIC_URL = fake_upstream.url.removesuffix("/v1")
    with pytest.raises(StartError, match="Something else"):
        diagnosis._front_door()
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    with pytest.raises(StartError, match="cannot be used"):
        diagnosis._front_door()
