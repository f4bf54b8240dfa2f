"""The reranker: a cross-encoder, which reads a query and a text together and says how well they go with one another."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from inference.embedding import licence_of, tokenizer_of
from inference.exceptions import ModelUnusable

SLICE = 16  # texts computed at once: whoever comes second waits for one slice, and whoever leaves stops the next


class Reranker:
    kind = "rerank"
    dimensions = None
    description = "A local cross-encoder."

    def __init__(self, name: str) -> None:
        from sentence_transformers import CrossEncoder

        folder = Path(name)
        try:
            self._model = CrossEncoder(name, trust_remote_code=False, local_files_only=folder.is_dir())
        except (OSError, ValueError) as error:
            raise ModelUnusable(f"The reranking model {name} cannot be loaded: {error}") from error
        # any other model would be given a head of random weights, and no one would notice
        kinds = self._model.config.architectures or [""]
        if not kinds[0].endswith("ForSequenceClassification") or self._model.num_labels != 1:
            raise ModelUnusable(f"The reranking model {name} is no cross-encoder with one score.")
        self._tokenizer = tokenizer_of(self._model.tokenizer)
        self._worker = ThreadPoolExecutor(1, "reranking")  # serves the slices of all callers in turn
        self.id = folder.name if folder.is_dir() else name
        self.licence = licence_of(folder / "README.md")
        self.context_length = int(self._model.max_seq_length or self._model.tokenizer.model_max_length)

    def lengths(self, query: str, texts: Sequence[str]) -> list[int]:
        """How many tokens the model reads for each text, the query and its own marks included."""
        encoded = self._tokenizer.encode_batch_fast([(query, text) for text in texts])
        return [min(len(pair), self.context_length) for pair in encoded]

    async def scores(self, query: str, texts: Sequence[str], tokens: Sequence[int]) -> list[float]:
        """In the order of the texts. Texts of about one length are computed together: padding costs as much as text."""
        by_length = sorted(range(len(texts)), key=tokens.__getitem__)
        scores = [0.0] * len(texts)
        for start in range(0, len(texts), SLICE):
            chosen = by_length[start : start + SLICE]
            pairs = [(query, texts[position]) for position in chosen]
            found = await asyncio.get_running_loop().run_in_executor(self._worker, self._predict, pairs)
            for position, score in zip(chosen, found, strict=True):
                scores[position] = score
        return scores

    def stop(self) -> None:
        self._worker.shutdown(cancel_futures=True)

    def _predict(self, pairs: list[tuple[str, str]]) -> list[float]:
        return [float(score) for score in self._model.predict(pairs, batch_size=SLICE, show_progress_bar=False)]
