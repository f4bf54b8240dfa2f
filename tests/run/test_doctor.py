from tests.run.instance import Instance


def test_the_doctor_finds_what_is_there_and_what_is_missing(instance: Instance) -> None:
    answer = instance.manage("doctor")
    assert answer.returncode == 1
    assert "with pgvector 0." in answer.stdout
    assert "missing  Worker:" in answer.stdout


def test_the_doctor_can_still_speak_without_a_database(instance: Instance) -> None:
    instance.environment |= {"DATABASE_URL": "postgres://a:b@127.0.0.1:1/c", "REDIS_URL": "redis://127.0.0.1:1/0"}
    answer = instance.manage("doctor")
    assert "Cannot use the database at 127.0.0.1:1 (DATABASE_URL): Connection refused" in answer.stdout
    assert not answer.stderr
