from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from chat import conversations
from chat.models import Conversation, Message
from chat.searching import search
from tests.chat.exchanges import answered, conversation_of

JSON = {"Accept": "application/json"}


def found(user: User, text: str) -> list[str]:
    return [hit.title for hit in search(user, text).hits]


@pytest.mark.parametrize("text", ["Öffnungszeiten", "öffnungs", "Öffnungszeit", "aviaries", "opening aviary", "AVIARY"])
def test_words_are_found_by_beginning_and_stem_in_both_languages(alice: User, text: str) -> None:
    conversation_of(alice, "Welche Öffnungszeiten hat die Voliere?", "The aviary is opened at nine.", title="Voliere")
    conversation_of(alice, "Etwas anderes", "Nichts davon", title="Anderes")
    assert set(found(alice, text)) == {"Voliere"}


def test_all_words_must_occur_and_hits_are_marked(alice: User) -> None:
    conversation_of(alice, "Frage", "Der Jahresurlaub beträgt 30 Tage.")
    [hit] = search(alice, "jahresurlaub 30").hits
    assert "<mark>Jahresurlaub</mark> beträgt <mark>30</mark>" in hit.snippet
    assert not found(alice, "Jahresurlaub Elefant")


def test_markup_in_a_hit_is_shown_as_text(alice: User) -> None:
    conversation_of(alice, "Frage", "Der <img src=x onerror=alert(1)> Papagei \x02<b>\x03")
    [hit] = search(alice, "Papagei").hits
    assert "<mark>Papagei</mark>" in hit.snippet and "<img" not in hit.snippet and "<b>" not in hit.snippet


def test_markup_that_only_shapes_is_left_out_of_a_hit(alice: User) -> None:
    conversation_of(alice, "Frage", "Der **Papagei** frisst `Nüsse`, nie snake_case.")
    [hit] = search(alice, "Papagei").hits
    assert "<mark>Papagei</mark> frisst Nüsse, nie snake_case" in hit.snippet


def test_titles_are_searched_too(alice: User) -> None:
    conversation_of(alice, title="Reise nach Triest")
    assert [str(each) for each in search(alice, "triest").titles] == ["Reise nach Triest"]


def test_nobody_finds_what_another_wrote(alice: User, bob: User) -> None:
    conversation_of(alice, "Papagei", "Papagei", title="Papagei")
    assert not search(bob, "Papagei").found


def test_nothing_deleted_is_found(alice: User) -> None:
    conversations.delete(conversation_of(alice, "Papagei", "Papagei", title="Papagei"))
    assert not search(alice, "Papagei").found


def test_the_archive_is_searched_too(alice: User) -> None:
    conversation_of(alice, "Papagei", archived=True, title="Alt")
    assert found(alice, "Papagei") == ["Alt"]


def test_of_two_alike_the_newer_comes_first(alice: User) -> None:
    for title, days in (("Alt", 400), ("Neu", 1)):
        one = conversation_of(alice, "Papagei", "Ja", title=title)
        one.messages.update(created_at=timezone.now() - timedelta(days=days))
    assert found(alice, "Papagei") == ["Neu", "Alt"]


@pytest.mark.parametrize(
    "text", ["", "  ", "&|!:*()", "'; DROP TABLE", "a:* & !b", "\x00", "x" * 5000, "😀", "-", "<->"]
)
def test_whatever_is_typed_is_no_syntax(alices_client: Client, alice: User, text: str) -> None:
    conversation_of(alice)
    assert alices_client.get(reverse("chat:search"), {"q": text}).status_code == 200


@pytest.mark.parametrize("start", ["-1", "x", "99999", "1e9"])
def test_a_page_that_is_none_is_harmless(alices_client: Client, alice: User, start: str) -> None:
    assert alices_client.get(reverse("chat:search"), {"q": "neun", "start": start}).status_code == 200


def test_more_than_a_page_of_hits_is_paged(alices_client: Client, alice: User) -> None:
    for number in range(25):
        conversation_of(alice, f"Papagei {number}", "Ja")
    first = search(alice, "Papagei")
    assert (len(first.hits), first.more) == (20, True)
    assert len(search(alice, "Papagei", 20).hits) == 5
    assert "start=20" in alices_client.get(reverse("chat:search"), {"q": "Papagei"}).content.decode()


def test_a_hit_leads_to_its_message_on_its_branch(alices_client: Client, conversation: Conversation) -> None:
    old = answered(conversation, "Frage", "Der Papagei")
    Message.objects.create(conversation=conversation, parent=old.parent, role="assistant", text="Neu")
    [hit] = search(conversation.owner, "Papagei").hits
    assert hit.address.endswith(f"?message={old.id}#m-{old.id}")
    assert f'id="m-{old.id}"' in alices_client.get(hit.address).content.decode()


def test_a_script_gets_json(alices_client: Client, alice: User) -> None:
    conversation_of(alice, "Papagei", "Ja", title="Vögel")
    got = alices_client.get(reverse("chat:search"), {"q": "papa"}, headers=JSON).json()
    assert (got["query"], got["hits"][0]["title"], got["more"]) == ("papa", "Vögel", False)
    assert "<mark>Papagei</mark>" in got["hits"][0]["snippet"] and got["hits"][0]["url"].startswith("/c/")


@pytest.mark.django_db
def test_a_text_of_more_words_than_the_index_takes_is_stored(conversation: Conversation) -> None:
    text = " ".join(f"wort{number:05d}ääää" for number in range(70_000))
    answered(conversation, "Frage", text)
    assert found(conversation.owner, "wort00001ääää")


def test_ten_thousand_conversations_are_searched_with_three_queries(
    alice: User, django_assert_num_queries: Any
) -> None:
    new = Conversation.objects.bulk_create(Conversation(owner=alice, title=f"Nr {n}") for n in range(10_000))
    Message.objects.bulk_create(
        Message(conversation=each, role="user", text=f"Papagei {number} fliegt") for number, each in enumerate(new)
    )
    wall = 4  # a savepoint, and role and person taken on and laid down: within the test's transaction
    with django_assert_num_queries(3 + wall):
        assert len(search(alice, "papag").hits) == 20
    with django_assert_num_queries(3 + wall):
        assert len(search(alice, "Papagei 7777").hits) == 1


@pytest.mark.django_db
def test_the_index_is_used(alice: User) -> None:
    from chat import searching

    conversation_of(alice)
    fitting = Message.objects.exclude(status__in=["waiting", "streaming"]).annotate(words=searching.words_of("text"))
    statement = fitting.filter(words=searching._query(["papagei"]))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        assert "message_words" in statement.explain()
