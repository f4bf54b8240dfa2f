"""Histories that come in: our own, ChatGPT's, broken and hostile ones."""

import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from chat.exceptions import ImportRefused
from chat.importing import reading, records, storing
from chat.models import Citation, Conversation, Message
from tests.chat.exchanges import answered, cite, document_of


def take(user: User, content: object, name: str = "conversations.json") -> storing.Report:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return storing.take_over(user, SimpleUploadedFile(name, raw))


def node(parent: str | None, role: str, text: str, when: float, **fields: Any) -> dict[str, Any]:
    content = {"content_type": "text", "parts": [text]}
    message = {"author": {"role": role}, "content": content, "create_time": when, "metadata": {}, **fields}
    return {"parent": parent, "message": message}


def chatgpt(**changes: Any) -> dict[str, Any]:
    return {
        "id": "abc",
        "title": "Vögel",
        "create_time": 1_700_000_000.5,
        "update_time": 1_700_000_900,
        "mapping": {
            "root": {"parent": None, "message": None},
            "system": node("root", "system", "You are", 1),
            "q": node("system", "user", "Was ist ein Papagei?", 1_700_000_001),
            "tool": node("q", "assistant", "search()", 1_700_000_002, recipient="browser"),
            "a1": node("tool", "assistant", "Ein Vogel \ue200cite\ue202x\ue201.", 1_700_000_003),
            "a2": node("q", "assistant", "Ein bunter Vogel.", 1_700_000_800, metadata={"model_slug": "gpt-4o"}),
        },
        **changes,
    }


def packed(**files: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "."), data)
    return content.getvalue()


def test_chatgpts_conversations_keep_their_branches_and_their_time(alice: User) -> None:
    assert take(alice, [chatgpt()]).taken == 1
    one = Conversation.objects.get()
    assert [message.text for message in one.thread()] == ["Was ist ein Papagei?", "Ein bunter Vogel."]
    assert set(one.messages.values_list("text", flat=True)) >= {"Ein Vogel ."}
    assert (one.title, one.created_at.year, one.updated_at) == (
        "Vögel",
        2023,
        datetime.fromtimestamp(1_700_000_900, UTC),
    )
    assert one.thread()[1].model == "gpt-4o"


def test_chatgpts_whole_archive_is_read(alice: User) -> None:
    content = packed(conversations__json=json.dumps([chatgpt()]).encode(), chat__html=b"<html>", user__json=b"{}")
    assert take(alice, content, "export.zip").taken == 1


def test_our_own_export_comes_back_whole(alices_client: Client, bob: User, alice: User) -> None:
    one = Conversation.objects.create(owner=alice, title="Urlaub", pinned=True)
    answer = answered(one, "Frage", "Antwort [1]", assistant="Rechtsberatung")
    cite(answer, document_of(alice), text="Zitat")
    Message.objects.create(conversation=one, parent=answer.parent, role="assistant", text="Zweite")
    response: Any = alices_client.get(reverse("chat:export-all", args=["json"]))
    content = b"".join(response.streaming_content)
    assert take(bob, content).taken == 1
    copy = Conversation.objects.get(owner=bob)
    assert copy.messages.exclude(assistant="").get().assistant == "Rechtsberatung"
    assert (copy.title, copy.pinned, copy.created_at) == (one.title, True, one.created_at)
    assert [message.text for message in copy.thread()] == [message.text for message in one.thread()]
    assert {message.text for message in copy.messages.all()} == {"Frage", "Antwort [1]", "Zweite"}
    assert copy.messages.get(text="Antwort [1]").citations.get().text == "Zitat"
    assert not Citation.objects.filter(message__conversation=copy).exclude(document=None).exists()


def test_nothing_is_taken_twice(alices_client: Client, alice: User) -> None:
    assert (take(alice, [chatgpt()]).taken, take(alice, [chatgpt(), chatgpt()]).known) == (1, 2)
    response: Any = alices_client.get(reverse("chat:export-all", args=["json"]))
    assert take(alice, b"".join(response.streaming_content)).known == 1


def own(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"format": "voliere-conversations", "version": 1, "conversations": [{"messages": list(messages), **fields}]}


HELLO = {"id": "1", "parent": None, "role": "user", "text": "Hallo"}


@pytest.mark.parametrize(
    "conversation",
    [
        own(),
        own({**HELLO, "parent": "2"}),
        own(HELLO, HELLO),
        own({**HELLO, "parent": "1"}),
        own({**HELLO, "id": "a", "parent": "b"}, {**HELLO, "id": "b", "parent": "a"}),
        own({**HELLO, "role": "system"}),
        own({**HELLO, "text": None}),
        own({**HELLO, "id": 7}),
        own({**HELLO, "parent": {}}),
        own({**HELLO, "text": "x" * 1_000_001}),
        [{"mapping": {}}],
        [{"mapping": {"a": 1}}],
        [{"mapping": {"a": {"parent": "a", "message": {"author": "x", "content": []}}}}],
        [[]],
        [None, 1, "x"],
    ],
)
def test_a_broken_conversation_is_left_out_and_told(alice: User, conversation: object) -> None:
    report = take(alice, conversation)
    assert report.taken == 0 and report.unreadable and not Conversation.objects.exists()


def test_a_broken_conversation_does_not_harm_the_others(alice: User) -> None:
    report = take(alice, [chatgpt(id="1"), {"mapping": "?"}, chatgpt(id="2")])
    assert (report.taken, report.unreadable) == (2, [2])


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"{}", b"null", b"7", b"<html><script>", b"\xff\xfe\x00", b'{"format": 1, "conversations": []}',
        b'{"format": "voliere-conversations", "version": 2, "conversations": [{}]}', b"[" * 200_000, b"{" * 200_000,
        b'{"conversations":' * 50_000, b"PK\x03\x04 kaputt", b'[{"mapping":', b'{"a":' + b"[" * 100_000, b"\x00" * 9,
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused_in_words(alices_client: Client, content: bytes) -> None:
    address, file = reverse("chat:import"), SimpleUploadedFile("x.json", content)
    html = alices_client.post(address, {"file": file}, follow=True).content.decode()
    assert "notice-error" in html and not Conversation.objects.exists()


def test_what_stands_before_a_break_is_kept_and_the_break_told(alices_client: Client) -> None:
    broken = json.dumps([chatgpt(), chatgpt(id="2")]).encode()[:-40]
    file = SimpleUploadedFile("x.json", broken)
    html = alices_client.post(reverse("chat:import"), {"file": file}, follow=True).content.decode()
    assert "1 conversation was imported." in html and "The rest of the file was left out" in html


def test_a_bomb_is_not_unpacked(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST", 100_000)
    with pytest.raises(ImportRefused, match="too large"):
        take(alice, packed(conversations__json=b"[" + b" " * 5_000_000), "export.zip")


def test_an_archive_without_conversations_says_so(alice: User) -> None:
    with pytest.raises(ImportRefused, match="no conversations"):
        take(alice, packed(photo__png=b"x"), "export.zip")


@pytest.mark.parametrize(
    "when", [None, "gestern", -1e30, 1e30, float("nan"), "9999-99-99", True, [], "2024-02-30", 4e9]
)
def test_a_time_that_cannot_be_becomes_the_present(when: object) -> None:
    assert abs((records.moment_in(when) - datetime.now(UTC)).total_seconds()) < 5


def test_an_imported_text_is_shown_as_text(alices_client: Client, alice: User) -> None:
    text = "<script>alert(1)</script> ![x](https://evil.example/p.png) \x00 \ud800"
    take(alice, own({**HELLO, "text": text}, {**HELLO, "id": "2", "parent": "1", "role": "assistant", "text": text}))
    html = alices_client.get(Conversation.objects.get().get_absolute_url()).content.decode()
    assert "<script>alert" not in html and "<img" not in html and "&lt;script&gt;" in html


def test_a_citation_of_a_file_opens_no_document(alice: User) -> None:
    document = document_of(alice)
    quote = {
        "number": 1,
        "document": "X.pdf",
        "document_id": str(document.id),
        "quote": "x",
        "start": -5,
        "end": 10**12,
    }
    take(alice, own({**HELLO, "role": "assistant", "citations": [quote, {"number": "1"}, quote, 7]}))
    citation = Citation.objects.get()
    assert (citation.document, citation.start, citation.end) == (None, 0, 1)


def test_five_thousand_branches_are_put_in_order_at_once() -> None:
    now = datetime.now(UTC)
    messages = [
        records.ImportedMessage(str(n), str(n // 2) if n > 1 else None, "user", "x", now) for n in range(1, 5001)
    ]
    ordered = records.in_order(messages[::-1])
    assert len(ordered) == 5000 and ordered[0].id == "1"
    assert len({message.created_at for message in ordered}) == 5000


def test_without_a_file_one_is_asked_for(alices_client: Client) -> None:
    assert "Choose a file first" in alices_client.post(reverse("chat:import"), follow=True).content.decode()
