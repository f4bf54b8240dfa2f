from collections.abc import Iterator

import pytest

from accounts.models import User
from gateway import upstreams
from gateway.callers import Caller
from gateway.models import ApiKey, Deployment, Upstream
from tests.fake_upstream import FakeUpstream
from tests.gateway.serving import in_this_process


@pytest.fixture
def aviary(transactional_db: None, fake_upstream: FakeUpstream) -> Upstream:
    """The scripted server, registered, with its chat model `parrot` and its embedding model `bge-finch`."""
    upstream = Upstream.objects.create(name="aviary", base_url=fake_upstream.url, api_key="upstream-secret")
    upstreams.discover(upstream)
    return upstream


@pytest.fixture
def parrot(aviary: Upstream) -> Deployment:
    return Deployment.objects.get(name="parrot")


@pytest.fixture
def caller(alice: User) -> Caller:
    return Caller(alice)


@pytest.fixture
def secret(alice: User) -> str:
    return ApiKey.create(alice, "script")[1]


@pytest.fixture
def base_url(aviary: Upstream) -> Iterator[str]:
    """Our own /v1, served over a real socket."""
    with in_this_process() as url:
        yield f"{url}/v1"
