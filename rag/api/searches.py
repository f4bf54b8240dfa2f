"""A search on its own, and one before an answer."""

from typing import Any

from django.utils.translation import gettext as _

from gateway.api.http import Answer, Request
from gateway.callers import Caller, standing
from gateway.database import in_database
from gateway.exceptions import InvalidRequest, NotFound
from gateway.grounding import Grounds, Source
from gateway.models import Scope
from gateway.requests import invalid, parsed
from gateway.responses.checks import checked
from rag import prompts, store_search
from rag.api import ids
from rag.api.endpoints import Object, told
from rag.api.fields import QUERY, RANKING, SEARCH, STORE_IDS
from rag.api.vector_stores import visible
from rag.models import Collection
from rag.store_search import Asked, Found

USUAL, USUAL_FOR_ANSWER = 10, 6  # passages


async def search(request: Request) -> Answer:
    with told():
        store = await in_database(visible, request)
    body = parsed(request.body)
    if not QUERY.is_valid(body.get("query")):
        raise invalid("query", QUERY.expected)
    questions = [body["query"]] if isinstance(body["query"], str) else body["query"]
    with told("filters"):
        found = await store_search.search(request.caller, questions, _asked(body, [store], USUAL))
    data = [_result(each) for each in found]
    page = {"object": "vector_store.search_results.page", "search_query": questions, "data": data}
    return Answer.of(page | {"has_more": False, "next_page": None})


async def grounds(caller: Caller, question: str, given: dict[str, Any], param: str) -> Grounds:
    """What an answer may be drawn from; `param` is where the request asks for it."""
    (await standing(caller)).allow(Scope.DOCUMENTS_READ)
    if not STORE_IDS.is_valid(given.get("vector_store_ids")):
        raise invalid(f"{param}.vector_store_ids", STORE_IDS.expected)
    with told():
        stores = await in_database(_stores, caller, given["vector_store_ids"], f"{param}.vector_store_ids")
    with told(f"{param}.filters"):
        return await drawn_from(caller, question, _asked(given, stores, USUAL_FOR_ANSWER, param))


async def drawn_from(caller: Caller, question: str, asked: Asked) -> Grounds:
    """Raises a RagError."""
    found = await store_search.search(caller, [question], asked)
    sources = [_source(number, each) for number, each in enumerate(found, start=1)]
    prompt = prompts.with_sources([each.passage for each in found])
    return Grounds(question, sources, prompt, store_search.keeping(caller, asked.stores))


def _asked(given: dict[str, Any], stores: list[Collection], usual: int, param: str = "") -> Asked:
    if any(store.has_expired for store in stores):
        raise InvalidRequest(_("This vector store has expired."), param=param or "vector_store_id")
    options = checked(given, SEARCH, param)
    path = f"{param}.ranking_options" if param else "ranking_options"
    ranking = checked(options.get("ranking_options", {}), RANKING, path)
    if options.get("ranking_options", {}).get("hybrid_search") is not None:
        raise InvalidRequest(
            _("How words and meaning are weighed is measured here, not chosen."), param=f"{path}.hybrid_search"
        )
    least = ranking.get("score_threshold", 0)
    return Asked(stores, options.get("max_num_results", usual), options.get("filters"), least)


def _stores(caller: Caller, wanted: list[str], param: str) -> list[Collection]:
    by_id = (
        Collection.objects.visible_to(caller.user)
        .knowledge()
        .in_bulk([store_id for text in wanted if (store_id := ids.read(ids.STORE, text))])
    )
    found: list[Collection] = []
    for i, text in enumerate(wanted):
        store = by_id.get(ids.read(ids.STORE, text))
        if store is None:
            raise NotFound(_("There is no such vector store, or it is not yours."), param=f"{param}[{i}]")
        found.append(store)
    return found


def _result(found: Found) -> Object:
    return {
        "file_id": ids.written(ids.FILE, found.document.public_file_id),
        "filename": found.passage.document_name,
        "score": found.score,
        "attributes": found.document.attributes,
        "content": [{"type": "text", "text": found.passage.text}],
    }


def _source(number: int, found: Found) -> Source:
    passage = found.passage
    return Source(
        number=number,
        file_id=ids.written(ids.FILE, found.document.public_file_id),
        filename=passage.document_name,
        page=passage.page,
        start=passage.start,
        end=passage.end,
        text=passage.text,
        score=found.score,
        attributes=found.document.attributes,
    )
