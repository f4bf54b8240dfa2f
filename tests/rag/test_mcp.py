"""Documents for assistants elsewhere: the protocol's own client over a real socket."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult

from accounts.models import User
from gateway.database import in_database
from gateway.models import ApiKey, Scope
from rag import uploads
from rag.mcp import tools
from rag.models import Collection, CollectionShare, Document
from tests.fake_upstream import FakeUpstream
from tests.rag.api.conftest import address, models, worker  # noqa: F401  (fixtures)
from tests.rag.files import BUDGET, GARDEN, pdf

pytestmark = [pytest.mark.usefixtures("worker"), pytest.mark.django_db(transaction=True)]

Connected = Callable[[str], AbstractAsyncContextManager[Client]]
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
HEADERS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


@pytest.fixture
def url(address: str) -> str:  # noqa: F811
    return address.removesuffix("/v1") + "/mcp"


@pytest.fixture
def garden(alice: User) -> Document:
    collection = Collection.objects.create(owner=alice, name="Garten")
    return uploads.accept(alice, collection, SimpleUploadedFile("garten.pdf", pdf(["Anfang", GARDEN])))


@pytest.fixture
def budget(alice: User, garden: Document) -> Document:
    collection = Collection.objects.create(owner=alice, name="Geld")
    return uploads.accept(alice, collection, SimpleUploadedFile("budget.md", BUDGET.encode()))


@pytest.fixture
def connected(url: str) -> Connected:
    @asynccontextmanager
    async def made(secret: str, mode: Any = "auto") -> AsyncIterator[Client]:
        http = httpx2.AsyncClient(headers={"authorization": f"Bearer {secret}"})
        async with http, Client(streamable_http_client(url, http_client=http), mode=mode) as client:
            yield client

    return made


def key(user: User, *scopes: str) -> str:
    made, secret = ApiKey.create(user, "assistant")
    if scopes:
        ApiKey.objects.filter(pk=made.pk).update(scopes=list(scopes))
    return secret


def said(result: CallToolResult) -> dict[str, Any]:
    """The same as an object and as text."""
    told: dict[str, Any] = json.loads(result.content[0].text)  # type: ignore[union-attr]
    assert told == result.structured_content
    return told


async def call(connected: Connected, secret: str, tool: str, **arguments: object) -> CallToolResult:
    async with connected(secret) as client:
        return await client.call_tool(tool, arguments)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_assistant_searches_and_reads_on(connected: Any, alice: User, garden: Document, mode: str) -> None:
    async with connected(await in_database(key, alice), mode) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == ["search", "fetch"]
        [found, *_] = said(await client.call_tool("search", {"query": "Wann öffnet der Garten?"}))["results"]
        whole = said(await client.call_tool("fetch", {"id": found["id"]}))
    assert (found["title"], found["page"]) == ("garten.pdf", 2) and "neun Uhr" in found["text"]
    assert found["url"].startswith(f"{settings.PUBLIC_URL}/knowledge/documents/{garden.pk}/?start=")
    assert whole["title"] == "garten.pdf" and whole["text"].startswith("Anfang") and whole["url"] == found["url"]
    assert "Garten öffnet" in whole["text"][found["start"] : found["end"]]
    assert whole["metadata"]["page"] == 2 and whole["metadata"]["collection"] == "Garten"


async def test_a_search_keeps_to_one_collection_and_to_its_limit(
    connected: Connected, alice: User, garden: Document, budget: Document
) -> None:
    secret = await in_database(key, alice)
    for name in ("geld", f"vs_{budget.collection_id.hex}"):
        found = said(await call(connected, secret, "search", query="Garten budget", collection=name))["results"]
        assert {each["title"] for each in found} == {"budget.md"}
    assert len(said(await call(connected, secret, "search", query="Garten budget"))["results"]) == 2
    assert len(said(await call(connected, secret, "search", query="Garten budget", limit=1))["results"]) == 1


async def test_each_finds_what_they_may_read(
    connected: Connected, alice: User, bob: User, charlie: User, garden: Document
) -> None:
    await CollectionShare.objects.acreate(collection_id=garden.collection_id, user=bob)
    for user, count in ((alice, 1), (bob, 1), (charlie, 0)):
        secret = await in_database(key, user)
        assert len(said(await call(connected, secret, "search", query="Garten", limit=1))["results"]) == count
        assert (await call(connected, secret, "fetch", id=garden.pk.hex)).is_error == (count == 0)


async def test_what_is_foreign_looks_like_what_is_not_there(
    connected: Connected, charlie: User, garden: Document
) -> None:
    secret = await in_database(key, charlie)
    asked = [
        ("fetch", {"id": garden.pk.hex}, {"id": uuid4().hex}, {"id": "../etc/passwd"}),
        ("search", {"query": "x", "collection": "Garten"}, {"query": "x", "collection": f"vs_{uuid4().hex}"}),
    ]
    for tool, *arguments in asked:
        answers = [await call(connected, secret, tool, **each) for each in arguments]
        assert all(answer.is_error and answer == answers[0] for answer in answers)
        assert said(answers[0])["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("tool", "arguments", "param"),
    [
        ("search", {}, "query"),
        ("search", {"query": ""}, "query"),
        ("search", {"query": None}, "query"),
        ("search", {"query": ["Garten"]}, "query"),
        ("search", {"query": "x\x00"}, "query"),
        ("search", {"query": "x" * 4097}, "query"),
        ("search", {"query": "x", "limit": 0}, "limit"),
        ("search", {"query": "x", "limit": 1e9}, "limit"),
        ("search", {"query": "x", "limit": "ten"}, "limit"),
        ("search", {"query": "x", "limit": True}, "limit"),
        ("search", {"query": "x", "collection": {"$ne": 1}}, "collection"),
        ("search", {"query": "x", "collection": "x" * 151}, "collection"),
        ("fetch", {"id": 7}, "id"),
        ("fetch", {"id": "x" * 1000}, "id"),
        ("fetch", {}, "id"),
    ],
)
async def test_wrong_arguments_are_named(
    connected: Connected, alice: User, tool: str, arguments: dict[str, object], param: str
) -> None:
    answer = await call(connected, await in_database(key, alice), tool, **arguments)
    error = said(answer)["error"]
    assert answer.is_error and (error["code"], error["param"]) == ("invalid_request", param)


async def test_hostile_words_are_words(connected: Connected, alice: User, garden: Document) -> None:
    secret = await in_database(key, alice)
    for query in ("'; DROP TABLE rag_chunk; --", "🦜" * 100, "{{ 7*7 }} <script>", "%s %(a)s \\ \x7f"):
        assert not (await call(connected, secret, "search", query=query)).is_error


async def test_an_id_beyond_the_document_reads_its_end(connected: Connected, alice: User, garden: Document) -> None:
    secret = await in_database(key, alice)
    read = await call(connected, secret, "fetch", id=f"{garden.pk.hex}.1.999999998-999999999")
    assert not read.is_error and "Garten" in said(read)["text"]
    assert (await call(connected, secret, "fetch", id=f"{garden.pk.hex}.7.0-1")).is_error


async def test_of_a_long_document_the_passage_is_in_the_middle(
    connected: Connected, alice: User, garden: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "LONGEST_TEXT", 30)
    text = (await Document.objects.select_related("content").aget(pk=garden.pk)).content.text
    start = text.index("neun Uhr")
    place = f"{garden.pk.hex}.1.{start}-{start + 8}"
    read = said(await call(connected, await in_database(key, alice), "fetch", id=place))
    assert "neun Uhr" in read["text"] and len(read["text"]) == 30 and read["metadata"]["length"] == len(text)
    assert text[read["metadata"]["start"] : read["metadata"]["end"]] == read["text"]


async def test_an_unknown_tool_is_an_error_of_the_protocol(connected: Connected, alice: User) -> None:
    async with connected(await in_database(key, alice)) as client:
        with pytest.raises(MCPError, match="no tool"):
            await client.call_tool("drop_table", {})


async def test_what_breaks_inside_is_not_told(
    connected: Connected, alice: User, garden: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("/srv/secret")

    monkeypatch.setattr(tools.store_search, "search", broken)
    answer = await call(connected, await in_database(key, alice), "search", query="x")
    assert answer.is_error and "/srv" not in str(answer) and said(answer)["error"]["code"] == "gateway_error"


async def test_confidential_questions_ask_no_model_elsewhere(
    connected: Connected,
    alice: User,
    garden: Document,
    models: FakeUpstream,  # noqa: F811
) -> None:
    await Collection.objects.filter(pk=garden.collection_id).aupdate(data_class="confidential")
    asked = len(models.requests)
    assert said(await call(connected, await in_database(key, alice), "search", query="Garten"))["results"]
    assert len(models.requests) == asked


def post(url: str, secret: str = "", body: bytes = b"{}", **headers: str) -> httpx2.Response:
    bearer = {"authorization": f"Bearer {secret}"} if secret else {}
    return httpx2.post(url, content=body, headers={**HEADERS, **bearer, **headers}, timeout=30)


def a_search() -> bytes:
    return json.dumps({**CALL, "params": {"name": "search", "arguments": {"query": "Garten"}}}).encode()


def test_without_a_key_nothing_is_told(url: str, alice: User) -> None:
    key(alice)
    for secret in ("", "vol-guessed"):
        refused = post(url, secret, a_search())
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")


def test_a_key_for_something_else_opens_nothing(url: str, alice: User) -> None:
    refused = post(url, key(alice, Scope.CHAT, Scope.DOCUMENTS_WRITE), a_search())
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "scope_missing")


def test_a_revoked_key_opens_nothing_at_the_next_request(url: str, alice: User) -> None:
    secret = key(alice)
    assert post(url, secret, a_search()).status_code == 200
    ApiKey.objects.get().revoke()
    assert post(url, secret, a_search()).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"x" * 10 * 2**20, 413),
        (b" " * (2**20 + 1), 413),
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[" * 5000, 400),
        (b'{"jsonrpc": "1.0"}', 400),
        (b'[{"jsonrpc": "2.0", "id": 1, "method": "ping"}]', 400),
    ],
)
def test_a_broken_body_is_refused(url: str, alice: User, body: bytes, status: int) -> None:
    assert post(url, key(alice), body).status_code == status


def test_half_a_character_is_refused(url: str, alice: User) -> None:
    answer = post(url, key(alice), a_search().replace(b"Garten", rb"\ud800"))
    assert "gateway_error" not in answer.text and (answer.status_code == 400 or answer.json()["result"]["isError"])


def test_there_is_one_address_and_one_method(url: str, alice: User) -> None:
    headers = HEADERS | {"authorization": f"Bearer {key(alice)}"}
    assert [httpx2.request(method, url, headers=headers).status_code for method in ("GET", "DELETE", "PUT")] == [
        405
    ] * 3
    assert [post(url + rest, key(alice)).status_code for rest in ("/", "x", "/../v1")] == [404] * 3


def test_a_page_elsewhere_does_not_reach_it(url: str, alice: User) -> None:
    secret = key(alice)
    assert post(url, secret, a_search(), host="evil.example").status_code == 421
    assert post(url, secret, a_search(), origin="https://evil.example").status_code == 403
    assert post(url, secret, a_search(), origin="null").status_code == 403
    assert post(url, secret, a_search(), origin=url.removesuffix("/mcp")).status_code == 200
