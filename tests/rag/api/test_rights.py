"""Alice owns a store, Bob may read it or add to it, Charlie is a stranger: to him it is as unknown as none."""

from collections.abc import Callable
from typing import Any

import openai
import pytest

from accounts.models import Membership, Team, User
from gateway.models import Upstream
from rag.api.addresses import A_BATCH, A_FILE, A_STORE, addresses
from rag.models import Collection, CollectionShare, Document, FileBatch
from tests.fake_upstream import FakeUpstream
from tests.rag.api.conftest import Sdk
from tests.rag.files import BUDGET, GARDEN
from tests.test_access import make

Role = CollectionShare.Role
UNKNOWN = "0" * 32
FOUND, FORBIDDEN, GONE = 200, 403, 404
READING = (FOUND, FOUND, FOUND, GONE)
EDITING = (FOUND, FOUND, FORBIDDEN, GONE)
MANAGING = (FOUND, FORBIDDEN, FORBIDDEN, GONE)
Call = Callable[[Any, Any, str, str, str], Any]


def own(files: Any) -> str:
    return str(files.create(file=("a.txt", b"Haus"), purpose="user_data").id)


# what asks for it, and what Alice, Bob as editor, Bob as reader and Charlie get
ROWS: dict[str, tuple[Call, tuple[int, ...]]] = {
    f"POST {A_STORE}/files": (
        lambda stores, files, store, file, batch: stores.files.create(store, file_id=own(files)),
        EDITING,
    ),
    f"POST {A_STORE}/file_batches": (
        lambda stores, files, store, file, batch: stores.file_batches.create(store, file_ids=[own(files)]),
        EDITING,
    ),
    f"GET {A_STORE}": (lambda stores, files, store, file, batch: stores.retrieve(store), READING),
    f"POST {A_STORE}/search": (lambda stores, files, store, file, batch: stores.search(store, query="Haus"), READING),
    f"POST {A_STORE}": (lambda stores, files, store, file, batch: stores.update(store, name="Mine"), MANAGING),
    f"DELETE {A_STORE}": (lambda stores, files, store, file, batch: stores.delete(store), MANAGING),
    f"GET {A_STORE}/files": (lambda stores, files, store, file, batch: stores.files.list(store), READING),
    f"GET {A_FILE}": (
        lambda stores, files, store, file, batch: stores.files.retrieve(file, vector_store_id=store),
        READING,
    ),
    f"GET {A_FILE}/content": (
        lambda stores, files, store, file, batch: stores.files.content(file, vector_store_id=store),
        READING,
    ),
    f"POST {A_FILE}": (
        lambda stores, files, store, file, batch: stores.files.update(file, vector_store_id=store, attributes={}),
        EDITING,
    ),
    f"DELETE {A_FILE}": (
        lambda stores, files, store, file, batch: stores.files.delete(file, vector_store_id=store),
        EDITING,
    ),
    f"GET {A_BATCH}": (
        lambda stores, files, store, file, batch: stores.file_batches.retrieve(batch, vector_store_id=store),
        READING,
    ),
    f"GET {A_BATCH}/files": (
        lambda stores, files, store, file, batch: stores.file_batches.list_files(batch, vector_store_id=store),
        READING,
    ),
    f"POST {A_BATCH}/cancel": (
        lambda stores, files, store, file, batch: stores.file_batches.cancel(batch, vector_store_id=store),
        EDITING,
    ),
    "GET /files/{file_id}": (lambda stores, files, store, file, batch: files.retrieve(file), READING),
    "GET /files/{file_id}/content": (lambda stores, files, store, file, batch: files.content(file).read(), READING),
    "DELETE /files/{file_id}": (lambda stores, files, store, file, batch: files.delete(file), EDITING),
}


def status(call: Call, sdk: openai.OpenAI, *ids: str) -> tuple[int, object]:
    try:
        call(sdk.vector_stores, sdk.files, *ids)
    except openai.APIStatusError as error:
        return error.status_code, error.body
    return FOUND, None


def house(owner: User) -> tuple[Collection, list[str]]:
    """A store that was filled in the pages, with a batch by a script; and the ids of all that."""
    collection = Collection.objects.create(name="Haus", owner=owner)
    document = make(collection)
    batch = FileBatch.objects.create(collection=collection)
    batch.documents.add(document)
    return collection, [f"vs_{collection.id.hex}", f"file-{document.id.hex}", f"vsfb_{batch.id.hex}"]


def test_no_address_is_forgotten() -> None:
    assert {f"{route.method} {route.path}" for route in addresses if "{" in route.path} == set(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_each_gets_what_is_theirs(sdk_of: Sdk, alice: User, bob: User, charlie: User, name: str) -> None:
    call, expected = ROWS[name]
    got = []
    for person, role in ((alice, None), (bob, Role.EDITOR), (bob, Role.VIEWER), (charlie, None)):
        collection, ids = house(alice)
        if role:
            collection.shares.create(user=person, role=role)
        got.append(status(call, sdk_of(person), *ids))
    assert tuple(code for code, _ in got) == expected
    assert got[-1] == status(call, sdk_of(charlie), *unknown_like(ids))


def unknown_like(ids: list[str]) -> list[str]:
    return [one[: one.index("_" if "_" in one else "-") + 1] + UNKNOWN for one in ids]


def test_a_team_searches_its_store_until_one_leaves(models: FakeUpstream, sdk_of: Sdk, alice: User, bob: User) -> None:
    team = Team.objects.create(name="Garten")
    member = Membership.objects.create(team=team, user=bob)
    store = f"vs_{Collection.objects.create(name='Team', team=team).id.hex}"
    sdk = sdk_of(bob)
    assert [each.id for each in sdk.vector_stores.list()] == [store]
    member.delete()
    assert sdk.vector_stores.list().data == []
    with pytest.raises(openai.NotFoundError):
        sdk.vector_stores.search(store, query="Garten")


def test_a_file_of_another_is_not_to_be_added(sdk_of: Sdk, alice: User, charlie: User) -> None:
    file = sdk_of(alice).files.create(file=("a.txt", GARDEN.encode()), purpose="user_data")
    sdk = sdk_of(charlie)
    store = sdk.vector_stores.create(name="Mine")
    own = sdk.files.create(file=("b.txt", BUDGET.encode()), purpose="user_data")
    for add in (
        lambda: sdk.vector_stores.files.create(store.id, file_id=file.id),
        lambda: sdk.vector_stores.file_batches.create(store.id, file_ids=[own.id, file.id]),
        lambda: sdk.vector_stores.create(name="Other", file_ids=[own.id, file.id]),
    ):
        with pytest.raises(openai.NotFoundError):
            add()
    assert not Document.objects.exists() and Collection.objects.count() == 1


def test_a_file_in_anothers_store_is_deleted_by_its_owner_alone(sdk_of: Sdk, alice: User, bob: User) -> None:
    store = Collection.objects.create(name="Haus", owner=alice)
    store.shares.create(user=bob, role=Role.EDITOR)
    file = sdk_of(bob).files.create(file=("a.txt", GARDEN.encode()), purpose="user_data")
    sdk_of(bob).vector_stores.files.create(f"vs_{store.id.hex}", file_id=file.id)
    assert sdk_of(alice).files.content(file.id).read() == GARDEN.encode()
    with pytest.raises(openai.PermissionDeniedError):
        sdk_of(alice).files.delete(file.id)
    store.shares.all().delete()
    sdk_of(bob).files.delete(file.id)
    assert Document.objects.get().file.read() == GARDEN.encode(), "Bob may no longer edit what Alice has"
    sdk_of(alice).vector_stores.files.delete(file.id, vector_store_id=f"vs_{store.id.hex}")
    assert not Document.objects.exists()


def test_attachments_of_conversations_are_no_stores(sdk_of: Sdk, models: FakeUpstream, alice: User) -> None:
    attached = Collection.objects.create(name="Anhang", owner=alice, is_attachment=True)
    document = make(attached)
    sdk = sdk_of(alice)
    assert sdk.vector_stores.list().data == []
    for call in (
        lambda: sdk.vector_stores.retrieve(f"vs_{attached.id.hex}"),
        lambda: sdk.files.retrieve(f"file-{document.id.hex}"),
    ):
        with pytest.raises(openai.NotFoundError):
            call()


@pytest.mark.parametrize(
    ("scope", "may_write"), [("documents-read", False), ("documents-write", True), ("chat", False)]
)
def test_a_key_does_what_it_is_for(sdk_of: Sdk, alice: User, scope: str, *, may_write: bool) -> None:
    sdk = sdk_of(alice, scope)
    for is_allowed, call in (
        (scope == "documents-read", lambda: sdk.vector_stores.list()),
        (scope == "documents-read", lambda: sdk.files.list()),
        (may_write, lambda: sdk.vector_stores.create(name="x")),
        (may_write, lambda: sdk.files.create(file=("a.txt", b"Haus"), purpose="user_data")),
    ):
        if is_allowed:
            call()
        else:
            with pytest.raises(openai.PermissionDeniedError):
                call()


def test_what_is_confidential_goes_to_no_model_elsewhere(sdk_of: Sdk, models: FakeUpstream, alice: User) -> None:
    Upstream.objects.update(in_house=False)
    store = Collection.objects.create(name="Geheim", owner=alice, data_class=Collection.DataClass.CONFIDENTIAL)
    rag = {"vector_store_ids": [f"vs_{store.id.hex}"]}
    with pytest.raises(openai.PermissionDeniedError) as refused:
        sdk_of(alice).chat.completions.create(
            model="parrot", messages=[{"role": "user", "content": "Was?"}], extra_body={"x_rag": rag}
        )
    assert refused.value.code == "not_in_house" and not models.calls
