"""Our own format: JSON with all branches, for taking a history elsewhere and back. `chat.importing` reads it.

{"format": "voliere-conversations", "version": 1, "ai_generated": {…}, "conversations": [
    {"id", "title", "model", "created_at", "updated_at", "pinned", "archived", "keeps_in_house", "shown", "messages": [
        {"id", "parent", "role", "status", "text", "model", "created_at", "ai_generated", "edited_by_person",
         "receipt": which models were asked, where, and what it took; null where nothing is known of it
         "citations": [
            {"number", "document", "version", "page", "page_kind", "page_label", "start", "end", "quote"}]}]}]}
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from chat.context import stays_in_house
from chat.exporting.content import DIGITAL_SOURCE_ADDRESS, DIGITAL_SOURCE_TYPE
from chat.models import Citation, Conversation, Message

FORMAT, VERSION = "voliere-conversations", 1
HEAD = {
    "format": FORMAT,
    "version": VERSION,
    "generator": "Voliere",
    "ai_generated": {
        "digitalSourceType": DIGITAL_SOURCE_TYPE,
        "address": DIGITAL_SOURCE_ADDRESS,
        "scope": "messages with ai_generated true",
    },
}


def pieces(conversations: Iterable[Conversation]) -> Iterator[str]:
    """The file, one conversation at a time."""
    yield json.dumps(HEAD, ensure_ascii=False, indent=1)[:-2] + ',\n "conversations": ['
    separator = "\n"
    for conversation in conversations:
        yield separator + json.dumps(record(conversation), ensure_ascii=False)
        separator = ",\n"
    yield "\n]}\n"


def record(conversation: Conversation) -> dict[str, Any]:
    messages = (
        conversation.messages.exclude(status__in=Message.RUNNING)
        .prefetch_related("citations")
        .select_related("receipt")
    )
    return {
        "id": str(conversation.id),
        "title": conversation.title,
        "model": conversation.model,
        "created_at": conversation.created_at.isoformat(),
        "updated_at": conversation.updated_at.isoformat(),
        "pinned": conversation.pinned,
        "archived": conversation.archived,
        "keeps_in_house": stays_in_house(conversation),
        "shown": str(conversation.shown_id) if conversation.shown_id else None,
        "messages": [_message(message) for message in messages],
    }


def _message(message: Message) -> dict[str, Any]:
    is_answer = message.role == Message.Role.ASSISTANT
    return {
        "id": str(message.id),
        "parent": str(message.parent_id) if message.parent_id else None,
        "role": message.role,
        "status": message.status,
        "text": message.text,
        "model": message.model,
        "assistant": message.assistant,
        "created_at": message.created_at.isoformat(),
        "ai_generated": is_answer,
        "edited_by_person": message.edited,
        "receipt": message.receipt.notes if hasattr(message, "receipt") else None,
        "citations": [_citation(citation) for citation in message.citations.all()],
    }


def _citation(citation: Citation) -> dict[str, Any]:
    return {
        "number": citation.number,
        "document": citation.document_name,
        "version": citation.version,
        "page": citation.page,
        "page_kind": citation.page_kind,
        "page_label": citation.page_label,
        "start": citation.start,
        "end": citation.end,
        "focus_start": citation.focus_start,
        "focus_end": citation.focus_end,
        "quote": citation.text,
    }
