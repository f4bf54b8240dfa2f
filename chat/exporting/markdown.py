"""Markdown with front matter. Answers are Markdown already: they stand as the model wrote them, made harmless."""

import json
import re

from chat.exporting.content import DIGITAL_SOURCE_TYPE, Document, Turn, quote_of, source_line
from chat.exporting.inert import inert

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)


def text_of(document: Document) -> str:
    front = {
        "title": document.title,
        "created": document.created_at.isoformat(timespec="seconds"),
        "generator": "Voliere",
        "ai_generated": True,
        "digitalSourceType": DIGITAL_SOURCE_TYPE,
        "models": document.models,
    }
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in front.items()]  # JSON is YAML
    head = "\n".join(["---", *lines, "---"])
    parts = [head, f"# {_escaped(document.title)}", f"*{_escaped(document.notice)}*"]
    return "\n\n".join([*parts, *map(_turn, document.turns)]) + "\n"


def content(document: Document) -> bytes:
    return text_of(document).encode()


def _turn(turn: Turn) -> str:
    text = inert(turn.text.strip())
    if not turn.is_answer:
        text = "\n".join(f"> {line}".rstrip() for line in text.splitlines())
    parts = [f"## {_escaped(turn.author)} · {turn.when}", _closed(text)]
    sources = [f"- {_escaped(source_line(citation))}: “{_escaped(quote_of(citation))}”" for citation in turn.sources]
    return "\n\n".join([*parts, *(["\n".join(sources)] if sources else [])])


def _closed(text: str) -> str:
    """A code block that was left open would swallow all that follows."""
    fence = ""
    for found in FENCE.finditer(text):
        if not fence:
            fence = found[1]
        elif found[1].startswith(fence):
            fence = ""
    return f"{text}\n{fence}" if fence else text


def _escaped(text: str) -> str:
    """As plain text: nothing in it is active."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&!])", r"\\\1", " ".join(text.split()))
