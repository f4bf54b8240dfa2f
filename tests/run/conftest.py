import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.run.instance import Instance


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """Not started. As root its folder is closed to the user that PostgreSQL runs as."""
    instance = Instance(tmp_path)
    yield instance
    instance.stop()


@pytest.fixture(scope="package")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Instance, Instance]]:
    """One that brings its own services and one that is given some, started at the same time."""
    given = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
    pair = (Instance(tmp_path_factory.mktemp("own")), Instance(tmp_path_factory.mktemp("given"), **given))
    for instance in pair:
        instance.begin_start()
    yield pair
    for instance in pair:
        instance.stop()


@pytest.fixture
def running(pair: tuple[Instance, Instance]) -> Instance:
    return pair[0].run()


@pytest.fixture
def running_elsewhere(pair: tuple[Instance, Instance]) -> Instance:
    return pair[1].run()
