"""Whoever manages the house reads nothing that people wrote: no page of the panel shows it, whatever it leads to."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.contrib import admin
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from accounts.models import Fact, Membership, Team, User
from chat import asking
from chat.models import Assistant, Conversation, Message, Project, Prompt
from gateway.models import ApiKey, Quota
from rag.models import Chunk, Collection, Document, DocumentText
from tests.conftest import client_of

pytestmark = pytest.mark.django_db(transaction=True)
WRITTEN = "Wiesengrund-Geheimnis"


@pytest.fixture
def panel(transactional_db: None) -> Client:
    return client_of(User.objects.create_superuser("root@example.org"))


@pytest.fixture
def written(alice: User, bob: User) -> None:
    """One of everything that a person writes, beside what the panel is for."""
    team = Team.objects.create(name="Vorstand")
    Membership.objects.create(user=alice, team=team)
    Quota.objects.create(user=alice, limit=5)
    ApiKey.create(alice, "script")
    User.objects.filter(pk=alice.pk).update(instructions=WRITTEN)
    Fact.objects.create(user=alice, text=WRITTEN)
    Project.objects.create(owner=alice, name=WRITTEN, instructions=WRITTEN)
    Assistant.objects.create(owner=alice, name=WRITTEN, instructions=WRITTEN)
    Prompt.objects.create(owner=alice, title=WRITTEN, text=WRITTEN)
    conversation = Conversation.objects.create(owner=alice, title=WRITTEN)
    _, answer = asking.ask(conversation, WRITTEN)
    Message.objects.filter(pk=answer.pk).update(text=WRITTEN, status=Message.Status.DONE)
    for owner in ({"owner": alice}, {"team": team}):
        shelf = Collection.objects.create(name="Regeln", **owner)
        document = Document(collection=shelf, uploaded_by=alice, name="a.txt", size=1, sha256=uuid4().hex)
        document.file.save("a.txt", ContentFile(WRITTEN.encode()), save=False)
        document.save()
        DocumentText.objects.create(document=document, text=WRITTEN, page_starts=[0])
        Chunk.objects.create(document=document, collection=shelf, start=0, end=5, text=WRITTEN, heading=WRITTEN,
                             config="simple")  # fmt: skip


@pytest.fixture
def attached(alice: User) -> Document:
    """To a conversation, with a name that tells enough."""
    hers = Collection.objects.create(owner=alice, name="Attachments", is_attachment=True)
    fields = {"name": f"{WRITTEN}.pdf", "size": 1, "sha256": "a", "status": "failed", "error": "damaged"}
    return Document.objects.create(collection=hers, uploaded_by=alice, **fields)


def pages() -> Iterator[str]:
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        for row in model._default_manager.all()[:5]:
            for page in ("change", "delete", "history"):
                yield reverse(f"{name}_{page}", args=[row.pk])
    for name in ("admin:index", "jobs", "effective-settings", "opinions", "admin:accounts_user_export"):
        yield reverse(name)


@pytest.mark.usefixtures("written", "attached")
def test_no_page_of_the_panel_shows_what_people_wrote(panel: Client) -> None:
    seen = 0
    for address in pages():
        response = panel.get(address, follow=True)
        if response.status_code == 403:  # nothing that is ever deleted there
            continue
        assert response.status_code == 200, address
        assert WRITTEN not in response.content.decode(), address
        seen += 1
    assert seen > 25


def test_what_goes_with_somebody_is_told_and_not_named(panel: Client, written: None, alice: User) -> None:
    page = panel.get(reverse("admin:accounts_user_delete", args=[alice.pk]), follow=True).text
    assert "This goes" in page and "Conversations with all messages" in page and WRITTEN not in page


def test_an_attachment_is_listed_and_never_named(panel: Client, attached: Document) -> None:
    changelist = reverse("admin:rag_document_changelist")
    for page in (reverse("admin:index"), reverse("jobs"), changelist):
        assert "An attachment of a chat or project" in panel.get(page).text, page
    found = [panel.get(changelist, {"q": asked}).context["cl"].result_count for asked in ("wiesengrund", "alice@")]
    assert found == [0, 1]
    chosen = {"action": "read_again", "_selected_action": str(attached.pk)}
    assert WRITTEN not in panel.post(changelist, chosen, follow=True).text
    gone = panel.post(reverse("admin:rag_document_delete", args=[attached.pk]), {"post": "yes"}, follow=True).text
    assert WRITTEN not in gone and WRITTEN not in panel.get(reverse("admin:index")).text


def test_no_operation_on_jobs_names_an_attachment(panel: Client, attached: Document) -> None:
    answers = [
        panel.get("/api/v1/admin/jobs?state=stopped"),
        panel.post(f"/api/v1/admin/jobs/{attached.pk}/retry"),
        panel.get("/api/v1/admin/jobs"),
    ]
    for answer in answers:
        assert answer.status_code == 200 and "attachment of" in answer.text and WRITTEN not in answer.text
