"""A search as scripts ask for it: in stores of theirs, with what they noted of the files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from gateway.callers import Caller
from gateway.database import in_database
from rag import stores
from rag.filters import Filters
from rag.models import Collection, Document
from rag.retrieval import Passage, retrieve


@dataclass(frozen=True)
class Asked:
    stores: Sequence[Collection]
    limit: int
    filters: dict[str, Any] | None = None
    least_score: float = 0


@dataclass(frozen=True)
class Found:
    """A passage and the document it is from."""

    passage: Passage
    document: Document

    @property
    def score(self) -> float:
        return min(max(self.passage.score, 0.0), 1.0)


async def search(caller: Caller, questions: Sequence[str], asked: Asked) -> list[Found]:
    """Best first; of a passage that answers several questions the best score counts. Raises InvalidFilter.

    What hardly fits is found, too: scripts see the scores and set a threshold of their own.
    """
    caller = keeping(caller, asked.stores)
    filters = Filters(attributes=asked.filters)
    filters.condition()  # before anything is asked of a model
    scope = Collection.objects.filter(pk__in=[store.pk for store in asked.stores])
    best: dict[object, Passage] = {}
    for question in questions:
        for passage in await retrieve(caller, question, scope, asked.limit, filters=filters, anyway=True):
            place = passage.document_id, passage.start
            if place not in best or best[place].score < passage.score:
                best[place] = passage
    ranked = sorted(best.values(), key=lambda passage: -passage.score)[: asked.limit]
    found = await in_database(_with_documents, ranked, asked.stores)
    return [each for each in found if each.score >= asked.least_score]


def keeping(caller: Caller, searched: Sequence[Collection]) -> Caller:
    """Who asks of something confidential asks no model outside the house."""
    return replace(caller, keeps_in_house=caller.keeps_in_house or any(store.is_confidential for store in searched))


def _with_documents(passages: list[Passage], searched: Sequence[Collection]) -> list[Found]:
    stores.note_use(searched)
    documents = Document.objects.in_bulk([passage.document_id for passage in passages])
    return [Found(passage, documents[passage.document_id]) for passage in passages if passage.document_id in documents]
