"""Ids as OpenAI's clients write them: a word that says of what, and ours."""

import re
import uuid

FILE, STORE, BATCH = "file-", "vs_", "vsfb_"
HEX = re.compile(r"[0-9a-f]{32}")


def written(kind: str, one: uuid.UUID) -> str:
    return kind + one.hex


def read(kind: str, text: object) -> uuid.UUID | None:
    """None for what is no such id; to the caller that looks like one of nothing."""
    if not isinstance(text, str) or not text.startswith(kind):
        return None
    rest = text.removeprefix(kind)
    return uuid.UUID(rest) if HEX.fullmatch(rest) else None
