"""Our /v1 on a real socket, a worker that reads what is queued, and three people with keys."""

import asyncio
import threading
import uuid
from collections.abc import Callable, Iterator

import openai
import pytest
from django.db import connection

from accounts.models import User
from gateway.models import ApiKey, Deployment, Upstream
from rag import queueing
from rag.ingestion import ingest
from tests.fake_upstream import FakeUpstream
from tests.gateway.serving import in_this_process

Sdk = Callable[..., openai.OpenAI]


@pytest.fixture
def models(transactional_db: None, fake_upstream: FakeUpstream) -> FakeUpstream:
    """A chat model `parrot` and the model that indexes, `finch`."""
    upstream = Upstream.objects.create(name="scripted", base_url=fake_upstream.url)
    Deployment.objects.create(upstream=upstream, name="finch", model="bge-finch", kind="embedding", is_default=True)
    Deployment.objects.create(upstream=upstream, name="parrot", model="parrot", kind="chat", is_default=True)
    return fake_upstream


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads what is queued at once, in a thread of its own like a worker in another process."""

    def read(document_id: uuid.UUID) -> None:
        def work() -> None:
            asyncio.run(ingest(document_id))
            connection.close()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    monkeypatch.setattr(queueing, "_send", read)


@pytest.fixture
def address(models: FakeUpstream) -> Iterator[str]:
    with in_this_process() as url:
        yield f"{url}/v1"


@pytest.fixture
def sdk_of(address: str) -> Sdk:
    def made(user: User, *scopes: str) -> openai.OpenAI:
        key, secret = ApiKey.create(user, "script")
        if scopes:
            ApiKey.objects.filter(pk=key.pk).update(scopes=list(scopes))
        return openai.OpenAI(base_url=address, api_key=secret, max_retries=0)

    return made


@pytest.fixture
def sdk(sdk_of: Sdk, alice: User) -> openai.OpenAI:
    return sdk_of(alice)
