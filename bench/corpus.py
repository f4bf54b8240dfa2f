"""A made-up corpus of any size: words as frequent as in real text, vectors in clusters, loaded by COPY.

Words are drawn by Zipf's law from a vocabulary made of syllables, shorter ones first, below a layer of German function
words; a collection
holds documents of twenty chunks, a chunk three vectors of one theme. Everything but the vectors goes through the
product's own statements.
"""

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # Django is set up later, when the services run
    from accounts.models import User
    from rag.models import Collection, EmbeddingIndex

CHUNKS, PARTS = 20, 3  # a document, a chunk
WORDS = 110  # a chunk
VOCABULARY, THEMES, DIMENSION = 60_000, 2_000, 384
SYLLABLES = "ba be da den dor fa fen ga gel hau ka kel lan len lo ma mei ne nor pa ra ros sa sel ta tor wa wei zu"
FUNCTION_WORDS = "die der und in zu den das von mit sich des auf für ist im dem nicht ein eine als auch es an"
VECTOR = np.dtype(
    [
        ("fields", ">i2"), ("size1", ">i4"), ("chunk", ">i8"), ("size2", ">i4"), ("collection", "V16"),
        ("size3", ">i4"), ("index", ">i8"), ("size4", ">i4"), ("start", ">i4"), ("size5", ">i4"), ("end", ">i4"),
        ("size6", ">i4"), ("dimension", ">i2"), ("unused", ">i2"), ("numbers", ">f2", DIMENSION),
    ]
)  # fmt: skip
SIZES = {"fields": 6, "size1": 8, "size2": 16, "size3": 8, "size4": 4, "size5": 4, "size6": 4 + 2 * DIMENSION}
COPY_HEAD, COPY_END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"


class Corpus:
    def __init__(self, user: "User", index: "EmbeddingIndex") -> None:
        self.random = np.random.default_rng(7)
        self.user, self.index = user, index
        self.words = np.array([*FUNCTION_WORDS.split(), *self._made_up()])
        ranks = np.arange(1, len(self.words) + 1)
        self.shares = np.cumsum(1 / ranks**1.05)
        self.themes = _of_length_one(self.random.standard_normal((THEMES, DIMENSION)))
        self.collections: list[Collection] = self._kept()
        self.random = np.random.default_rng([7, len(self.collections)])

    def _kept(self) -> "list[Collection]":
        """What an earlier run loaded."""
        from rag.models import Collection

        return list(Collection.objects.filter(owner=self.user).order_by("created_at"))

    def _made_up(self) -> list[str]:
        syllables = self.random.choice(SYLLABLES.split(), (2 * VOCABULARY, 4))
        lengths = self.random.integers(2, 5, 2 * VOCABULARY)
        made = dict.fromkeys("".join(row[:length]) for row, length in zip(syllables, lengths, strict=True))
        return sorted(list(made)[:VOCABULARY], key=len)  # as in every language

    def text(self, words: int) -> str:
        drawn = np.searchsorted(self.shares, self.random.random(words) * self.shares[-1])
        return " ".join(self.words[drawn])

    def question(self) -> str:
        """Seven words as people ask: some in every text, some rare."""
        rare = self.random.integers(200, 20_000, 3)
        return f"{self.text(4)} {' '.join(self.words[rare])}?"

    def direction(self) -> NDArray[Any]:
        """What a question might mean: near a theme."""
        return self._near(self.themes[self.random.integers(0, THEMES, 1)], 0.6)[0]

    def _near(self, points: NDArray[Any], distance: float) -> NDArray[Any]:
        noise = self.random.standard_normal(points.shape) * distance / DIMENSION**0.5
        return _of_length_one(points + noise)

    def add_collection(self, chunks: int, theme: int | None = None) -> "Collection":
        """With `theme` all its chunks are of that one and its neighbours, else of all."""
        from rag.models import Collection

        collection = Collection.objects.create(name=f"Aviary {len(self.collections)}", owner=self.user)
        self.collections.append(collection)
        documents = self._documents(collection, chunks // CHUNKS)
        first = self._chunks(collection, documents)
        if theme is None:
            themes = self.random.integers(0, THEMES, len(documents) * CHUNKS)
        else:
            themes = (theme + self.random.integers(0, 3, len(documents) * CHUNKS)) % THEMES
        self._vectors(collection, first, themes)
        return collection

    def _documents(self, collection: "Collection", count: int) -> list[uuid.UUID]:
        from rag.models import Document, IndexedDocument

        made = Document.objects.bulk_create(
            Document(
                collection=collection, uploaded_by=self.user, name=f"{number}.txt", sha256=f"{number}", size=1,
                media_type="text/plain", language="de", status=Document.Status.READY,
            )
            for number in range(count)
        )  # fmt: skip
        IndexedDocument.objects.bulk_create(
            IndexedDocument(document=document, index=self.index, vectors=CHUNKS * PARTS) for document in made
        )
        return [document.pk for document in made]

    def _chunks(self, collection: "Collection", documents: list[uuid.UUID]) -> int:
        from django.db import connection

        from rag.ingestion import COUNT_TERMS

        with connection.cursor() as cursor:
            cursor.execute("SELECT coalesce(max(id), 0) FROM rag_chunk")
            before: int = cursor.fetchone()[0]
            columns = '(document_id, collection_id, start, "end", heading, text, config, term_count, parts)'
            with cursor.copy(f"COPY rag_chunk {columns} FROM STDIN") as copy:
                for row in self._rows(collection, documents):
                    copy.write_row(row)
            for document in documents:
                cursor.execute(COUNT_TERMS, [document])
        return before + 1

    def _rows(self, collection: "Collection", documents: list[uuid.UUID]) -> Iterator[tuple[Any, ...]]:
        for document in documents:
            for number in range(CHUNKS):
                text = self.text(WORDS)
                third = len(text) // PARTS
                parts = [[part * third, (part + 1) * third] for part in range(PARTS)]
                yield document, collection.pk, number * 2000, number * 2000 + len(text), "", text, "german", 0, parts

    def _vectors(self, collection: "Collection", first: int, themes: NDArray[Any]) -> None:
        from django.db import connection

        near = self._near(self._near(self.themes[themes], 0.8).repeat(PARTS, axis=0), 0.5)
        rows = np.zeros(len(near), VECTOR)
        for name, size in SIZES.items():
            rows[name] = size
        rows["chunk"] = np.arange(first, first + len(themes)).repeat(PARTS)
        rows["collection"] = np.void(collection.pk.bytes)
        rows["index"] = self.index.pk
        rows["start"], rows["end"] = np.tile([0, 250, 500], len(themes)), np.tile([250, 500, 750], len(themes))
        rows["dimension"], rows["numbers"] = DIMENSION, near
        columns = '(chunk_id, collection_id, index_id, start, "end", embedding)'
        with connection.cursor() as cursor, cursor.copy(f"COPY rag_vector {columns} FROM STDIN BINARY") as copy:
            copy.write(COPY_HEAD + rows.tobytes() + COPY_END)


def _of_length_one(vectors: NDArray[Any]) -> NDArray[Any]:
    result: NDArray[Any] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return result
