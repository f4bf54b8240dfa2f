"""A model as its server describes it, and readers that take from a foreign answer only what has the right shape."""

from dataclasses import dataclass
from typing import Any, Self

LARGEST_COUNT = 2**31 - 1
LONGEST_NAME = 200


@dataclass
class Model:
    id: str
    kind: str = ""  # a Deployment.Kind, "other" for none of them; empty: not told
    context_length: int | None = None
    slots: int | None = None
    licence: str = ""
    quantisation: str = ""
    has_responses: bool = False
    is_elsewhere: bool = False  # the server passes its calls on to another one
    is_ours: bool = False
    owner: str = ""

    @classmethod
    def read(cls, entry: dict[str, Any]) -> Self | None:
        """From an entry of the OpenAI model list; None for a name that cannot be kept."""
        name = entry["id"]
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            return None
        about = inside(entry, "voliere")
        return cls(
            name,
            kind=text(about.get("kind")) and (about["kind"] if about["kind"] in KINDS else "other"),
            context_length=count(about.get("context_length")) or count(entry.get("max_model_len")),
            licence=text(about.get("licence")),
            is_ours=bool(about),
            owner=text(entry.get("owned_by")).lower(),
        )


KINDS = ("chat", "embedding", "rerank", "transcription")
Models = dict[str, Model]


def inside(content: Any, *path: str) -> dict[str, Any]:
    """The object at that path, or an empty one."""
    for name in path:
        content = content.get(name) if isinstance(content, dict) else None
    return content if isinstance(content, dict) else {}


def count(value: Any) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST_COUNT
    return value if is_count else None


def text(value: Any, longest: int = 100) -> str:
    return value[:longest] if isinstance(value, str) and value.isprintable() else ""


def texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def named(name: str, version: Any) -> str:
    return f"{name} {text(version, 30)}".strip()
