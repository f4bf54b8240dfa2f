"""The sources of an answer, and where each of them leads."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.text import Truncator

from chat.markers import Links
from chat.models import Citation, Message
from chat.rendering import cited
from rag.places import place
from rag.retrieval import Passage

EXCERPT = 160  # characters
MARKUP = re.compile(r"[*`|#]+|^\s*[-+>]\s", re.MULTILINE)  # of Markdown and of tables


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
    span = urlencode({"version": found.version, "start": found.focus_start, "end": found.focus_end})
    return f"{reverse('rag:document', args=[found.document_id])}?{span}#passage", title_of(found)


def links(message: Message, citations: Iterable[Citation]) -> Links | None:
    """Where each marker leads; None when nothing was searched, so that `[1]` is ordinary text."""
    if not message.searched:
        return None
    return {citation.number: (address_of(citation), title_of(citation)) for citation in citations}


@dataclass(frozen=True)
class Sources:
    """The passages of an answer: those it cites, and those that were only handed to the model."""

    used: list[Citation]
    unused: list[Citation]


def sources_of(message: Message) -> Sources:
    given = list(message.citations.all())
    numbers = cited(message.text, links(message, given) or {})
    return Sources(
        [citation for citation in given if citation.number in numbers],
        [citation for citation in given if citation.number not in numbers],
    )


def ways(citation: Citation) -> dict[str, str]:
    """Where to go from a source: back to its answer, and to the sources before and after it.

    One that the answer cites leads to the others it cites, any other to those that were only found.
    """
    sources = sources_of(citation.message)
    among = sources.used if citation in sources.used else sources.unused
    place = among.index(citation)
    return {
        "back": citation.message.get_absolute_url(),
        "source": str(citation.number),
        "previous": address_of(among[place - 1]) if place else "",
        "next": address_of(among[place + 1]) if place + 1 < len(among) else "",
    }


def excerpt(citation: Citation) -> str:
    """The first words of what answers."""
    before, focus, after = citation.parts()
    return Truncator(" ".join(MARKUP.sub(" ", focus or before + after).split())).chars(EXCERPT)
