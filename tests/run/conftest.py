import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.run.instance import Instance, ordinary_users


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """Not started. As root its folder is closed to the user that PostgreSQL runs as."""
    instance = Instance(tmp_path)
    yield instance
    instance.stop()


@pytest.fixture(scope="package")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Instance, Instance]]:
    """One that brings its own services and one that is given some, but brings its models; started at the same time."""
    given = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
    elsewhere = Instance(tmp_path_factory.mktemp("given"), VOLIERE_INFERENCE_URL="", **given)
    # not in pytest's own folder, which is closed to others
    with tempfile.TemporaryDirectory(prefix="voliere-own-") as folder:
        pair = (ordinary_users(Path(folder)), elsewhere)
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
