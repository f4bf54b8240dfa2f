"""What the environment says."""

import os
from dataclasses import dataclass
from pathlib import Path

MAX_USEFUL_THREADS = 4  # small models gain nothing from more


@dataclass(frozen=True)
class Settings:
    host: str = "127.0.0.1"
    port: int = 8001
    key: str = ""
    embedding_model: str = ""  # folder or hub name; empty: the model that came with the installation
    chat_model: str = ""
    rerank_model: str = ""
    threads: int = 1

    @classmethod
    def from_environment(cls) -> "Settings":
        return cls(
            host=os.environ.get("VOLIERE_INFERENCE_HOST") or cls.host,
            port=_number("VOLIERE_INFERENCE_PORT", cls.port),
            key=_secret("VOLIERE_INFERENCE_KEY"),
            embedding_model=os.environ.get("VOLIERE_EMBEDDING_MODEL", ""),
            chat_model=os.environ.get("VOLIERE_CHAT_MODEL", ""),
            rerank_model=os.environ.get("VOLIERE_RERANK_MODEL", ""),
            threads=_number("VOLIERE_INFERENCE_THREADS", _spare_cores()),
        )

    @property
    def is_local(self) -> bool:
        """Whether every model lies in a folder, so that no hub need ever be asked."""
        names = (self.embedding_model, self.chat_model, self.rerank_model)
        return all(not name or Path(name).is_dir() for name in names)


def _spare_cores() -> int:
    """All but one: threads that share every core with web and database wait for one another, and a search, whose words
    are looked for meanwhile, took a third longer with two of two."""
    return max(1, min(MAX_USEFUL_THREADS, len(os.sched_getaffinity(0)) - 1))


def _number(name: str, default: int) -> int:
    value = os.environ.get(name) or str(default)
    if not value.isdecimal():
        raise SystemExit(f"{name} has to be a whole number, not {value!r}.")
    return int(value)


def _secret(name: str) -> str:
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text().strip()
    return os.environ.get(name, "")
