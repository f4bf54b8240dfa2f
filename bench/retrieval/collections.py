"""The collections measured, and how the product reads them."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # Django is set up later, when the services run
    from gateway.callers import Caller
    from rag.models import Collection
    from rag.retrieval import Passage


@dataclass
class Question:
    text: str
    answers: list[dict[str, Any]]
    relevant: str
    article: int
    is_held_back: bool  # nothing was chosen by it


@dataclass
class Corpus:
    """The documents of one article in ten stand with those of its parity, so a half knows nothing of the other."""

    name: str
    halves: "tuple[Collection, Collection]"
    questions: list[Question]


async def corpus_of(caller: "Caller", folder: Path) -> Corpus:
    from rag.models import Collection

    halves = [await Collection.objects.acreate(name=f"{folder.name} {half}", owner=caller.user) for half in range(2)]
    for row in rows(folder / "corpus.jsonl"):
        await stored(caller, halves[article_of(row["_id"]) % 2], row["_id"], row["text"])
    relevant = dict(line.split("\t")[:2] for line in (folder / "qrels.tsv").read_text().splitlines())
    questions = [question(row, relevant[row["_id"]]) for row in rows(folder / "queries.jsonl")]
    return Corpus(folder.name, (halves[0], halves[1]), questions)


def question(row: dict[str, Any], relevant: str) -> Question:
    is_odd = hashlib.md5(row["_id"].encode(), usedforsecurity=False).digest()[-1] % 2 == 1
    return Question(row["text"], row["answers"], relevant, article_of(relevant), is_odd)


def article_of(document: str) -> int:
    return int(document.partition("-")[0])


async def stored(caller: "Caller", collection: "Collection", name: str, text: str) -> None:
    from channels.db import database_sync_to_async

    from rag import ingestion
    from rag.chunking import chunk
    from rag.embedding import index_in_use
    from rag.languages import CONFIGURATIONS
    from rag.models import Document
    from rag.parsers.language import detected
    from rag.parsers.parsed import Parsed
    from rag.parsers.text import cleaned

    document = await Document.objects.acreate(
        collection=collection, uploaded_by=caller.user, name=name, sha256=name, size=len(text)
    )
    parsed = Parsed(cleaned(text))
    parsed.language = detected(parsed.text, list(CONFIGURATIONS))
    chunks = ingestion.chunks_of(document, parsed, chunk(parsed.text))
    index = await database_sync_to_async(index_in_use)()
    vectors = await ingestion.embedded(document, chunks, index)
    await database_sync_to_async(ingestion.store)(document, parsed, chunks, vectors, index)


def holds_answer(passage: "Passage", question: Question) -> bool:
    return any(
        passage.document_name == answer["doc"]
        and passage.start <= answer["start"]
        and answer["start"] + len(answer["text"]) <= passage.end
        for answer in question.answers
    )


def is_marked(passage: "Passage", question: Question) -> bool:
    marked = passage.text[passage.focus_start - passage.start : passage.focus_end - passage.start]
    return any(answer["text"] in marked for answer in question.answers)


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]
