"""A long conversation opens with a part of it."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from chat.models import Conversation, Message
from chat.windows import LENGTH, Window
from tests.conftest import UNKNOWN


@pytest.fixture
def long(conversation: Conversation) -> list[Message]:
    messages: list[Message] = []
    for number in range(3 * LENGTH):
        role = Message.Role.ASSISTANT if number % 2 else Message.Role.USER
        parent = messages[-1] if messages else None
        messages.append(
            Message.objects.create(conversation=conversation, parent=parent, role=role, text=f"Nachricht {number}")
        )
    return messages


def shown(html: bytes) -> list[int]:
    return [int(number) for number in re.findall(r"Nachricht (\d+)", html.decode())]


def test_the_newest_messages_are_shown(alices_client: Client, conversation: Conversation, long: list[Message]) -> None:
    html = alices_client.get(conversation.get_absolute_url()).content
    assert shown(html) == list(range(2 * LENGTH, 3 * LENGTH)) and b"Show earlier" in html


def test_earlier_ones_are_a_link_away(alices_client: Client, conversation: Conversation, long: list[Message]) -> None:
    html = alices_client.get(f"{conversation.get_absolute_url()}?before={long[2 * LENGTH].id}").content
    assert shown(html) == list(range(LENGTH, 2 * LENGTH)) and b"To the newest" in html


def test_a_message_asked_for_is_shown(alices_client: Client, long: list[Message]) -> None:
    address, _, anchor = long[10].get_absolute_url().partition("#")
    html = alices_client.get(address).content
    assert 10 in shown(html) and f'id="{anchor}"'.encode() in html


@pytest.mark.parametrize("query", ["?at=nonsense", f"?before={UNKNOWN}", "?at="])
def test_an_unknown_message_leads_to_the_newest(
    alices_client: Client, conversation: Conversation, long: list[Message], query: str
) -> None:
    assert shown(alices_client.get(conversation.get_absolute_url() + query).content)[-1] == 3 * LENGTH - 1


def test_a_short_conversation_is_shown_whole(conversation: Conversation) -> None:
    Message.objects.create(conversation=conversation, role=Message.Role.USER, text="Allein")
    window = Window.of(conversation)
    assert len(window.messages) == 1 and not window.has_earlier and not window.has_later


def test_a_script_gets_the_earlier_messages_alone(
    alices_client: Client, conversation: Conversation, long: list[Message]
) -> None:
    address = reverse("chat:messages", args=[conversation.id])
    html = alices_client.get(f"{address}?before={long[LENGTH].id}").content
    assert shown(html) == list(range(LENGTH)) and b"<html" not in html and b"Show earlier" not in html


def queries(client: Client, conversation: Conversation) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get(conversation.get_absolute_url())
    return len(captured)


def test_a_long_conversation_costs_as_many_queries_as_a_short_one(
    alices_client: Client, conversation: Conversation, long: list[Message]
) -> None:
    short = Conversation.objects.create(owner=conversation.owner)
    Message.objects.create(conversation=short, role=Message.Role.USER, text="Allein")
    queries(alices_client, short)
    assert queries(alices_client, conversation) == queries(alices_client, short)
