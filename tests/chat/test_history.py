"""The list of conversations: its order, its pages, and what is done with one of them."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from chat import asking, attachments, conversations, tasks
from chat.history import listed, page_of, period, sidebar
from chat.models import Conversation, Message, Project
from rag.models import Collection, Document
from tests.chat.exchanges import answered, conversation_of, last_used
from tests.conftest import client_of

JSON = {"Accept": "application/json"}


def page(view: str, *ids: object) -> str:
    return reverse(f"chat:{view}", args=ids)


def many(owner: User, count: int) -> None:
    """Conversations of one question each, used a minute after one another, the first one last."""
    new = Conversation.objects.bulk_create(Conversation(owner=owner, title=f"Nummer {n}") for n in range(count))
    Message.objects.bulk_create(Message(conversation=each, role="user", text=f"Frage {each.title}") for each in new)
    now = timezone.now()
    for number, each in enumerate(new):
        each.updated_at = now - timedelta(minutes=number)
    Conversation.objects.bulk_update(new, ["updated_at"], batch_size=1000)


def titles(page: Any) -> list[str]:
    return [each.title for each in page.conversations]


@pytest.mark.parametrize(
    ("day", "name"),
    [("2026-11-26", "Today"), ("2026-11-27", "Today"), ("2026-11-25", "Yesterday"), ("2026-11-20", "Last 7 days"),
     ("2026-11-19", "November 2026"), ("2025-11-26", "November 2025")],
)  # fmt: skip
def test_conversations_are_grouped_by_day_then_by_month(day: str, name: str) -> None:
    assert period(date.fromisoformat(day), date(2026, 11, 26)) == name


def test_pages_follow_one_another_without_gap_or_doubling(alice: User) -> None:
    many(alice, 7)
    seen, before = [], ""
    for _ in range(3):
        found = page_of(listed(alice), before, size=3)
        seen += titles(found)
        before = found.older
    assert seen == [f"Nummer {n}" for n in range(7)] and before == ""


def test_conversations_used_at_the_same_moment_are_all_listed(alice: User) -> None:
    many(alice, 5)
    Conversation.objects.update(updated_at=timezone.now())
    first = page_of(listed(alice), size=3)
    assert len({*titles(first), *titles(page_of(listed(alice), first.older, size=3))}) == 5


@pytest.mark.parametrize("cursor", ["nonsense", "~", "1~2", "9" * 400 + "~x", "' OR 1=1", "99999999999999999999~x"])
def test_a_cursor_that_nobody_was_given_begins_at_the_top(alices_client: Client, alice: User, cursor: str) -> None:
    many(alice, 1)
    for view in ("history", "sidebar"):
        assert "Nummer 0" in alices_client.get(page(view), {"before": cursor}).content.decode()


def test_ten_thousand_conversations_cost_the_queries_of_one(alice: User, django_assert_num_queries: Any) -> None:
    many(alice, 10_000)
    conversation_of(alice, project=Project.objects.create(owner=alice, name="Umzug"))
    with django_assert_num_queries(4):
        shown = sidebar(alice)
        assert len(list(shown["pinned"])) == 0 and len(shown["page"].groups[0][1]) > 0
    with django_assert_num_queries(1):
        assert len(page_of(listed(alice), shown["page"].older).conversations) == 50


def test_the_sidebar_puts_pinned_ones_first_and_projects_apart(alice: User) -> None:
    project = Project.objects.create(owner=alice, name="Umzug")
    conversation_of(alice, title="Alltag")
    conversation_of(alice, title="Wichtig", pinned=True)
    conversation_of(alice, title="Kisten", project=project)
    conversation_of(alice, title="Alt", archived=True)
    shown = sidebar(alice)
    assert [each.title for each in shown["pinned"]] == ["Wichtig"] and titles(shown["page"]) == ["Alltag"]
    assert [(folder.name, [each.title for each in inside]) for folder, inside in shown["projects"]] == [
        ("Umzug", ["Kisten"])
    ]


def test_each_sees_their_own_alone(bobs_client: Client, alice: User) -> None:
    conversation_of(alice, title="Geheim", pinned=True)
    Project.objects.create(owner=alice, name="Geheimnis")
    for view in ("home", "history", "sidebar"):
        assert "Geheim" not in bobs_client.get(page(view)).content.decode()


def test_archiving_takes_it_out_of_the_list_and_back(alices_client: Client, alice: User) -> None:
    one = conversation_of(alice, title="Altes")
    alices_client.post(page("archive", one.id), {"on": "1"})
    assert "Altes" not in alices_client.get(page("history")).content.decode()
    assert "Altes" in alices_client.get(page("history"), {"archived": "1"}).content.decode()
    alices_client.post(page("archive", one.id), {"on": "0"})
    assert titles(page_of(listed(alice))) == ["Altes"]


def test_pinning_and_renaming_do_not_move_it_in_the_list(alices_client: Client, alice: User) -> None:
    one = conversation_of(alice)
    when = last_used(one, 40)
    alices_client.post(page("pin", one.id), {"on": "1"})
    answer = alices_client.post(page("rename", one.id), {"title": " Öffnungszeiten "}, headers=JSON)
    one.refresh_from_db()
    assert (answer.json(), one.pinned, one.titled, one.updated_at) == ({"title": "Öffnungszeiten"}, True, True, when)


@pytest.mark.parametrize("title", ["", "   ", "x" * 151])
def test_a_title_that_cannot_be_changes_nothing(alices_client: Client, alice: User, title: str) -> None:
    one = conversation_of(alice, title="Vorher")
    alices_client.post(page("rename", one.id), {"title": title})
    one.refresh_from_db()
    assert one.title == "Vorher"


def with_file(owner: User) -> tuple[Conversation, Document]:
    one = conversation_of(owner, title="Mit Anhang")
    document = attachments.attach(one, ContentFile(b"Geheimer Anhang", name="anhang.txt"))
    one.refresh_from_db()
    return one, document


@pytest.mark.django_db(transaction=True)
def test_what_is_deleted_is_visible_nowhere_until_it_is_taken_back(alices_client: Client, alice: User) -> None:
    one, document = with_file(alice)
    alices_client.post(page("delete", one.id))
    file = reverse("rag:document", args=[document.id])
    for address in (one.get_absolute_url(), page("messages", one.id), page("options", one.id), file):
        assert alices_client.get(address).status_code == 404
    assert not Message.objects.visible_to(alice).exists() and not Document.objects.visible_to(alice).exists()
    assert alices_client.post(page("restore", one.id))["Location"] == one.get_absolute_url()
    assert alices_client.get(one.get_absolute_url()).status_code == alices_client.get(file).status_code == 200


def test_deleting_without_script_offers_to_undo_it(alices_client: Client, alice: User) -> None:
    one = conversation_of(alice, title="Versehen")
    html = alices_client.post(page("delete", one.id), follow=True).content.decode()
    assert "“Versehen” was deleted." in html and page("restore", one.id) in html


@pytest.mark.django_db(transaction=True)
def test_the_sweep_removes_what_can_no_longer_be_taken_back(alices_client: Client, alice: User) -> None:
    one, document = with_file(alice)
    alices_client.post(page("delete", one.id))
    tasks.remove_deleted_conversations()
    assert Message.objects.exists()
    Conversation.objects.update(deleted_at=timezone.now() - conversations.UNDO_FOR)
    assert alices_client.post(page("restore", one.id)).status_code == 404
    tasks.remove_deleted_conversations()
    rows = (Conversation, Message, Collection, Document)
    assert not any(model.objects.exists() for model in rows)  # type: ignore[attr-defined]
    assert not document.file.storage.exists(str(document.file.name))


def test_nobody_takes_back_what_another_deleted(bobs_client: Client, alice: User) -> None:
    one = conversation_of(alice)
    conversations.delete(one)
    assert bobs_client.post(page("restore", one.id)).status_code == 404
    assert page("restore", one.id) not in bobs_client.get(f"/?deleted={one.id}").content.decode()


def test_an_answer_under_way_is_stopped_by_deleting(alice: User, conversation: Conversation) -> None:
    answered(conversation)
    running = answered(conversation, status=Message.Status.STREAMING)
    conversations.delete(conversation)
    running.refresh_from_db()
    assert running.stop_requested


def test_a_message_is_opened_on_its_branch(alices_client: Client, conversation: Conversation) -> None:
    first = answered(conversation, "Frage", "Alte Antwort")
    new = {"conversation": conversation, "parent": first.parent, "role": "assistant", "text": "Neue Antwort"}
    asking.show(Message.objects.create(**new))
    address = conversation.get_absolute_url()
    assert "Neue Antwort" in alices_client.get(address).content.decode()
    html = alices_client.get(address, {"message": str(first.id)}).content.decode()
    assert "Alte Antwort" in html and "Neue Antwort" not in html
    assert "Neue Antwort" in alices_client.get(address, {"message": "nonsense"}).content.decode()


def test_the_options_are_a_page_and_for_a_script_a_piece_of_one(alices_client: Client, alice: User) -> None:
    one = conversation_of(alice)
    assert "<html" in alices_client.get(page("options", one.id)).content.decode()
    piece = alices_client.get(page("options", one.id), headers=JSON).json()["html"]
    assert "<html" not in piece and page("delete", one.id) in piece


def test_a_shared_machine_shows_the_next_person_nothing(alice: User, bob: User) -> None:
    conversation_of(alice, title="Privat")
    assert "Privat" in client_of(alice).get("/").content.decode()
    assert "Privat" not in client_of(bob).get("/").content.decode()
