from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.run.instance import Instance


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """Not started. As root its folder is closed to the user that PostgreSQL runs as."""
    instance = Instance(tmp_path)
    yield instance
    if hasattr(instance, "supervisor"):
        instance.stop()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    instance = Instance(tmp_path_factory.mktemp("running")).start()
    yield instance
    instance.stop()
