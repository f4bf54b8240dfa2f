"""What an assistant elsewhere may ask: passages that answer a question, and the text around one of them."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateway.callers import Caller
from gateway.database import in_database
from gateway.exceptions import NotFound
from gateway.requests import Field
from gateway.requests.fields import whole
from gateway.responses.checks import checked
from rag import store_search
from rag.api import ids
from rag.api.endpoints import told
from rag.api.fields import LONGEST_QUERY, is_text
from rag.editions import Edition, edition
from rag.models import Collection, Document, DocumentVersion
from rag.store_search import Asked, Found

Object = dict[str, Any]

USUAL, MOST = 10, 50  # passages
LONGEST_TEXT = 100_000  # characters of a document at once
ID = re.compile(r"([0-9a-f]{32})(?:\.(\d{1,9})\.(\d{1,9})-(\d{1,9}))?")

SEARCH: dict[str, Field] = {
    "query": Field(
        is_text(LONGEST_QUERY, 1),
        gettext_lazy("a text of at most 4096 characters"),
        {"type": "string", "minLength": 1, "maxLength": LONGEST_QUERY, "description": "A question, or its words."},
    ),
    "collection": Field(
        is_text(150, 1),
        gettext_lazy("the id or the name of a collection"),
        {"type": "string", "description": "Only in this one: its name, or its id as a vector store. Else in all."},
    ),
    "limit": Field(
        whole(1, MOST),
        gettext_lazy("a whole number from 1 to 50"),
        {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL, "description": "Passages at most."},
    ),
}
FETCH: dict[str, Field] = {
    "id": Field(
        is_text(100, 1), gettext_lazy("an id that a search told"), {"type": "string", "description": "Of a result."}
    )
}


@dataclass(frozen=True)
class Place:
    """Where a passage stands; without a span a document as a whole."""

    document: UUID
    version: int | None = None
    start: int = 0
    end: int = 0

    def __str__(self) -> str:
        return self.document.hex + (f".{self.version}.{self.start}-{self.end}" if self.version else "")

    @property
    def url(self) -> str:
        span = {"start": self.start, "end": self.end, "version": self.version}
        ending = f"?{urlencode(span)}#passage" if self.version else ""
        return settings.PUBLIC_URL + reverse("rag:document", args=[self.document]) + ending

    @classmethod
    def read(cls, text: str) -> "Place | None":
        found = ID.fullmatch(text)
        return cls(UUID(found[1]), *(int(part) for part in found.groups()[1:] if part)) if found else None


async def search(caller: Caller, given: Object) -> Object:
    """Raises a GatewayError."""
    asked = checked(given, SEARCH, required=["query"])
    with told():
        collections = await in_database(_collections, caller, asked.get("collection"))
        wanted = Asked(collections, asked.get("limit", USUAL))
        found = await store_search.search(caller, [asked["query"]], wanted) if collections else []
    return {"results": [_result(each) for each in found]}


async def fetch(caller: Caller, given: Object) -> Object:
    """Raises a GatewayError."""
    asked = checked(given, FETCH, required=["id"])
    with told():
        return await in_database(_fetched, caller, asked["id"])


def _collections(caller: Caller, wanted: str | None) -> list[Collection]:
    visible = Collection.objects.visible_to(caller.user).knowledge()
    if wanted is not None:
        visible = visible.filter(Q(pk=ids.read(ids.STORE, wanted)) | Q(name__iexact=wanted))
    found = list(visible)
    if wanted is not None and not found:
        raise NotFound(_("There is no such collection, or it is not yours."), param="collection")
    return [collection for collection in found if not collection.has_expired]


def _result(found: Found) -> Object:
    passage = found.passage
    place = Place(passage.document_id, passage.version, passage.focus_start, passage.focus_end)
    return {
        "id": str(place),
        "title": passage.document_name,
        "url": place.url,
        "text": passage.text,
        "page": passage.page,
        "start": passage.start,
        "end": passage.end,
        "score": round(found.score, 4),
    }


def _fetched(caller: Caller, wanted: str) -> Object:
    place = Place.read(wanted)
    visible = Document.objects.visible_to(caller.user).current().filter(collection__is_attachment=False)
    document = visible.filter(pk=place.document).select_related("collection").first() if place else None
    if place is None or document is None:
        raise NotFound(_("There is no such document, or it is not yours."), param="id")
    try:
        shown = edition(document, place.version or document.version)
    except DocumentVersion.DoesNotExist:
        raise NotFound(_("There is no such document, or it is not yours."), param="id") from None
    return _text(place, shown)


def _text(place: Place, shown: Edition) -> Object:
    """All of it, or as much as there may be at once, with the passage in the middle."""
    whole_text = shown.content.text if shown.content else ""
    begin = max(0, min((place.start + place.end - LONGEST_TEXT) // 2, len(whole_text) - LONGEST_TEXT))
    text = whole_text[begin : begin + LONGEST_TEXT]
    page = _page(shown, place.start)
    about = {"collection": shown.document.collection.name, "version": shown.version, "media_type": shown.media_type}
    span = {"page": page, "start": begin, "end": begin + len(text), "length": len(whole_text)}
    return {"id": str(place), "title": shown.document.name, "url": place.url, "text": text, "metadata": about | span}


def _page(shown: Edition, start: int) -> int | None:
    starts = shown.content.page_starts if shown.content else []
    return sum(1 for each in starts if each <= start) or None
