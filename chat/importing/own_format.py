"""Our own export (`chat.exporting.own_format` describes it)."""

from typing import Any

from chat.importing.records import (
    LONGEST_QUOTE,
    LONGEST_TEXT,
    MOST_CITATIONS,
    ImportedConversation,
    ImportedMessage,
    Unreadable,
    in_order,
    line_in,
    moment_in,
    text_in,
)
from chat.models import Message

ENDED = {Message.Status.DONE, *Message.BROKEN}
LARGEST = 2**31 - 1


def conversation_of(value: Any) -> ImportedConversation:
    if not isinstance(value, dict) or not isinstance(value.get("messages"), list):
        raise Unreadable
    messages = in_order([_message(each) for each in value["messages"]])
    return ImportedConversation(
        origin=f"voliere:{line_in(value.get('id'), 60)}" if value.get("id") else "",
        title=line_in(value.get("title"), 150),
        model=line_in(value.get("model"), 200),
        created_at=moment_in(value.get("created_at")),
        updated_at=moment_in(value.get("updated_at")),
        pinned=value.get("pinned") is True,
        archived=value.get("archived") is True,
        keeps_in_house=value.get("keeps_in_house") is True,
        shown=line_in(value.get("shown"), 60),
        messages=messages,
    )


def _message(value: Any) -> ImportedMessage:
    match value:
        case {"id": str(identity), "role": "user" | "assistant" as role, "text": str(text)} if identity:
            parent = value.get("parent")
        case _:
            raise Unreadable
    if parent is not None and not isinstance(parent, str):
        raise Unreadable
    status = value.get("status")
    return ImportedMessage(
        id=identity,
        parent=parent,
        role=role,
        text=text_in(text, LONGEST_TEXT),
        status=status if isinstance(status, str) and status in ENDED else Message.Status.DONE,
        model=line_in(value.get("model"), 200),
        assistant=line_in(value.get("assistant"), 100),
        created_at=moment_in(value.get("created_at")),
        edited=value.get("edited_by_person") is True,
        citations=_citations(value.get("citations")),
    )


def _citations(value: Any) -> list[dict[str, Any]]:
    """The passages as they were quoted. They lead to no document: that the file names one proves no right to it."""
    if not isinstance(value, list):
        return []
    found = [_citation(each) for each in value[:MOST_CITATIONS] if isinstance(each, dict)]
    return list({citation["number"]: citation for citation in found if citation["number"]}.values())


def _citation(value: dict[str, Any]) -> dict[str, Any]:
    text = text_in(value.get("quote"), LONGEST_QUOTE)
    start = _number(value.get("start"))
    focus_start = min(max(_number(value.get("focus_start")), start), start + len(text))
    focus_end = min(max(_number(value.get("focus_end")), focus_start), start + len(text))
    return {
        "number": min(_number(value.get("number")), 999),
        "document_name": line_in(value.get("document"), 255),
        "version": max(_number(value.get("version")), 1),
        "page": _number(value.get("page")) or None,
        "page_kind": line_in(value.get("page_kind"), 10),
        "page_label": line_in(value.get("page_label"), 100),
        "start": start,
        "end": start + len(text),
        "focus_start": focus_start,
        "focus_end": focus_end,
        "text": text,
    }


def _number(value: Any) -> int:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value <= LARGEST // 2 else 0
