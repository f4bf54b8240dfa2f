"""Search in the knowledge: passages with their scores and spans."""

from typing import Annotated

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from ninja import Query
from pydantic import BaseModel, Field

from accounts.rest.operations import Operations, found
from accounts.rest.shapes import Day, Id
from accounts.signing_in import person
from gateway.callers import Caller
from gateway.models import Scope
from rag import searching
from rag.filters import Filters
from rag.forms import SearchForm
from rag.models import Collection, CollectionQuerySet
from rag.rest.collections import managed
from rag.rest.shapes import FoundPassage, SearchAnswer, Tried

operations = Operations("search", read=Scope.DOCUMENTS_READ, write=Scope.DOCUMENTS_READ)


class Searched(BaseModel):
    q: str = Field(min_length=1, max_length=4_000, description="A question or some words.", examples=["opening hours"])


class Asked(Searched):
    collection: Id | None = Field(None, description="All that the caller sees and that is valid, unless named.")
    document: str = Field("", max_length=200, description="Only in documents with this in their name or folder.")
    since: Day | None = Field(None, description="Uploaded on that day or later.")
    until: Day | None = None
    page: int = Field(1, ge=1, le=searching.LAST_PAGE)


@operations.get("search", response=SearchAnswer)
async def search(request: HttpRequest, asked: Annotated[Asked, Query()]) -> SearchAnswer:
    """Ranked passages of the caller's collections. No chat model is asked."""
    key = request.caller.api_key  # type: ignore[attr-defined]
    collections, is_confidential, filters = await sync_to_async(_scope)(request, asked)
    caller = Caller(person(request), key, keeps_in_house=is_confidential)
    results = await searching.search(caller, asked.q, collections, asked.page, filters)
    following = asked.page + 1 if results.has_next else None
    items = [FoundPassage.of(hit) for hit in results.hits]
    return SearchAnswer(items=items, next_page=following, degraded=results.degraded)


@operations.get("collections/{uuid:collection}/try", response=Tried)
async def try_collection(request: HttpRequest, collection: Id, asked: Annotated[Searched, Query()]) -> Tried:
    """Exactly the passages that an answer would be drawn from, in the order in which a model reads them."""
    key = request.caller.api_key  # type: ignore[attr-defined]
    row = await sync_to_async(managed)(request, collection)
    caller = Caller(person(request), key, keeps_in_house=row.is_confidential)
    results = await searching.what_a_model_gets(caller, asked.q, Collection.objects.filter(pk=row.pk))
    items = [FoundPassage.of(hit) for hit in results.hits]
    return Tried(items=items, nearest=results.nearest, threshold=results.threshold, degraded=results.degraded)


def _scope(request: HttpRequest, asked: Asked) -> tuple[CollectionQuerySet, bool, Filters]:
    visible = Collection.objects.visible_to(person(request)).knowledge()
    chosen = visible.valid()
    if asked.collection:
        chosen = Collection.objects.filter(pk=found(visible, pk=asked.collection).pk)
    form = SearchForm({"q": asked.q, "document": asked.document, "since": asked.since, "until": asked.until})
    form.is_valid()
    return chosen, chosen.confidential().exists(), form.filters(chosen)
