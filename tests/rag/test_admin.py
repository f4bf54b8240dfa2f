import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from rag.models import Collection, Document
from rag.uploads import accept
from tests.conftest import client_of
from tests.rag.files import GARDEN, uploaded


@pytest.fixture
def admins_client(db: None) -> Client:
    return client_of(User.objects.create_superuser("admin@example.org", "a long enough secret"))


@pytest.fixture
def document(collection: Collection, alice: User) -> Document:
    found = accept(alice, collection, uploaded())
    Document.objects.update(status="failed", error="no_text")
    return found


def test_the_panel_shows_states_and_reasons_but_no_text(document: Document, admins_client: Client) -> None:
    found = admins_client.get(reverse("admin:rag_document_change", args=[document.pk])).content.decode()
    assert "No text was found" in found
    assert GARDEN not in found


@pytest.mark.parametrize("status", ["failed", "ready"])
def test_finished_documents_are_read_again_from_the_panel(
    document: Document, admins_client: Client, status: str
) -> None:
    Document.objects.update(status=status)
    action = {"action": "read_again", "_selected_action": [str(document.pk)]}
    admins_client.post(reverse("admin:rag_document_changelist"), action)
    assert Document.objects.get().status == Document.Status.QUEUED


def test_collections_are_listed_with_their_owner(document: Document, admins_client: Client) -> None:
    found = admins_client.get(reverse("admin:rag_collection_changelist")).content.decode()
    assert "Handbook" in found and "Alice" in found
