"""A new version takes the place of the old one at once or not at all, and old citations stay open."""

import asyncio

import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from gateway.callers import Caller
from rag import queueing
from rag.ingestion import ingest
from rag.models import Collection, Document, DocumentText, DocumentVersion
from rag.retrieval import retrieve
from rag.uploads import accept
from tests.fake_upstream import FakeUpstream
from tests.rag.files import pdf, uploaded
from tests.rag.test_views import page

OLD = "Der Garten öffnet um neun Uhr."
NEW = "Der Garten öffnet seit Mai um sieben Uhr."


def take(
    user: User, collection: Collection, content: bytes | str, name: str = "haus.txt", folder: str = ""
) -> Document:
    return accept(user, collection, uploaded(content, name), folder=folder, as_version=True)


def read(document: Document) -> None:
    asyncio.run(ingest(document.pk))


@pytest.fixture
def document(embedder: FakeUpstream, collection: Collection, alice: User) -> Document:
    found = take(alice, collection, OLD)
    read(found)
    found.refresh_from_db()
    return found


@pytest.fixture
def new(document: Document, collection: Collection, alice: User) -> Document:
    return take(alice, collection, NEW)


def found(alice: User, collection: Collection) -> list[tuple[str, int]]:
    passages = asyncio.run(retrieve(Caller(alice), "Garten", Collection.objects.filter(pk=collection.pk)))
    return [(passage.text, passage.version) for passage in passages]


def test_the_same_name_with_other_content_is_a_new_version(document: Document, new: Document, alice: User) -> None:
    assert new.replaces == document
    read(new)
    document.refresh_from_db()
    assert (document.version, document.status, document.sha256) == (2, Document.Status.READY, new.sha256)
    assert found(alice, document.collection) == [(NEW, 2)]
    assert list(Document.objects.all()) == [document]


def test_until_it_is_ready_the_old_one_is_found(document: Document, new: Document, alice: User) -> None:
    assert found(alice, document.collection) == [(OLD, 1)]


def test_the_text_and_file_of_every_version_are_kept(document: Document, new: Document) -> None:
    read(new)
    document.refresh_from_db()
    texts = [content.text for n in (1, 2) if (content := document.text_of(n))]
    files = [file.open().read().decode() for n in (1, 2) if (file := document.file_of(n))]
    assert texts == files == [OLD, NEW]
    assert document.text_of(3) is None


def test_one_that_cannot_be_read_leaves_the_old_one(
    embedder: FakeUpstream, collection: Collection, alice: User
) -> None:
    document = take(alice, collection, pdf([OLD]), "haus.pdf")
    read(document)
    broken = take(alice, collection, pdf([""]), "haus.pdf")
    read(broken)
    broken.refresh_from_db()
    assert (broken.status, broken.error, broken.replaces) == (Document.Status.FAILED, "no_text", document)
    assert found(alice, collection) == [(OLD, 1)]


def test_a_cancelled_one_leaves_the_old_one_and_can_be_tried_again(document: Document, new: Document) -> None:
    queueing.cancel(Document.objects.filter(pk=new.pk))
    read(new)
    assert DocumentText.objects.get().text == OLD
    queueing.retry(new)
    read(new)
    assert DocumentText.objects.get().text == NEW


def test_of_two_new_versions_the_later_one_counts(document: Document, new: Document, alice: User) -> None:
    newest = take(alice, document.collection, "Der Garten ist zu.")
    read(new)  # which is gone
    read(newest)
    document.refresh_from_db()
    assert (document.version, DocumentText.objects.get().text) == (2, "Der Garten ist zu.")


def test_what_was_never_read_leaves_no_version(embedder: FakeUpstream, collection: Collection, alice: User) -> None:
    unread = take(alice, collection, OLD)
    old_file = str(unread.file.name)
    read(take(alice, collection, NEW))
    read(unread)  # its worker comes late
    assert not DocumentVersion.objects.exists() and not default_storage.exists(old_file)
    assert Document.objects.get().version == 1 and DocumentText.objects.get().text == NEW


def test_the_old_content_again_is_one_more_version(document: Document, new: Document, alice: User) -> None:
    read(new)
    read(take(alice, document.collection, OLD))
    document.refresh_from_db()
    assert (document.version, document.versions.count(), DocumentText.objects.get().text) == (3, 2, OLD)


def test_another_folder_makes_another_document(document: Document, alice: User) -> None:
    other = take(alice, document.collection, NEW, folder="Berichte\\2024/../..")
    assert (other.replaces, other.folder, other.path) == (None, "Berichte/2024", "Berichte/2024/haus.txt")


def test_with_a_document_all_of_its_files_go(document: Document, new: Document) -> None:
    read(new)
    document.refresh_from_db()
    files = [str(document.file.name), str(document.versions.get().file.name)]
    assert all(map(default_storage.exists, files))
    with transaction.atomic():
        document.delete()
    assert not any(map(default_storage.exists, files))


def test_the_page_lists_all_versions_and_opens_each(document: Document, new: Document, alices_client: Client) -> None:
    read(new)
    current, old = (page(alices_client, "document", document.pk, **query) for query in ({}, {"version": 1}))
    assert NEW in current and "2 versions" in current
    assert OLD in old and "This is version 1, which was replaced." in old
    assert NEW in page(alices_client, "document", document.pk, version=7)


def test_a_new_version_that_was_not_taken_is_told_where_the_old_one_is_read(
    document: Document, new: Document, alices_client: Client
) -> None:
    Document.objects.filter(pk=new.pk).update(status="failed", error="no_text")
    assert "A new version was not taken, so this one stays." in page(alices_client, "document", document.pk)
    address = reverse("rag:document", args=[new.pk])
    assert alices_client.get(address)["Location"] == reverse("rag:document", args=[document.pk])
