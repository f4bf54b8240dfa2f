import pytest

from accounts.models import User
from gateway.models import Deployment, Upstream
from rag.models import Collection, CollectionShare
from tests.fake_upstream import FakeUpstream


@pytest.fixture
def collection(alice: User) -> Collection:
    return Collection.objects.create(name="Handbook", owner=alice)


@pytest.fixture
def shared(collection: Collection, bob: User) -> CollectionShare:
    return CollectionShare.objects.create(collection=collection, user=bob)


@pytest.fixture
def embedder(transactional_db: None, fake_upstream: FakeUpstream) -> FakeUpstream:
    upstream = Upstream.objects.create(name="scripted", base_url=fake_upstream.url)
    Deployment.objects.create(upstream=upstream, name="finch", model="bge-finch", kind="embedding", is_default=True)
    return fake_upstream
