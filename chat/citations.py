"""Markers like `[1]` in an answer, and the sources they point to."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from django.urls import reverse

from chat.models import Citation, Message
from rag.places import place
from rag.retrieval import Passage

# [1]  [1, 2]  but not the text of a link [1](…)
Links = Mapping[int, tuple[str, str]]  # number of a source → (address, title)
MARKER = re.compile(r"\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\](?!\()")


def store(message: Message, passages: Iterable[Passage]) -> list[Citation]:
    return Citation.objects.bulk_create(
        Citation(
            message=message,
            number=number,
            document_id=passage.document_id,
            document_name=passage.document_name,
            version=passage.version,
            page=passage.page,
            page_kind=passage.page_kind,
            page_label=passage.page_label,
            start=passage.start,
            end=passage.end,
            focus_start=passage.focus_start,
            focus_end=passage.focus_end,
            text=passage.text,
        )
        for number, passage in enumerate(passages, start=1)
    )


def title_of(citation: Citation | Passage) -> str:
    where = place(citation.page_kind, citation.page, citation.page_label)
    return f"{citation.document_name}, {where}" if where else citation.document_name


def address_of(citation: Citation) -> str:
    return reverse("chat:source", args=[citation.message_id, citation.number])


def link_to_passage(found: Citation | Passage) -> tuple[str, str]:
    """Address and title, straight to the document: for those who have no answer of their own that leads there."""
    span = urlencode({"start": found.focus_start, "end": found.focus_end})
    return f"{reverse('rag:document', args=[found.document_id])}?{span}#passage", title_of(found)


def links(message: Message, citations: Iterable[Citation]) -> Links | None:
    """Where each marker leads; None when nothing was searched, so that `[1]` is ordinary text."""
    if not message.searched:
        return None
    return {citation.number: (address_of(citation), title_of(citation)) for citation in citations}


def used_numbers(text: str) -> set[int]:
    return {int(number) for found in MARKER.finditer(text) for number in found[1].split(",")}
