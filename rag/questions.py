"""What a question asks for, read from its words alone. Pure."""

import re

# they ask, and stand for nothing that an answer would hold; PostgreSQL's list of German stop words lacks them
INTERROGATIVE = re.compile(
    r"\b(?:wer|wem|wen|wessen|wann|wie|wo|woher|wohin|wieso|weshalb|warum|wo(?:bei|durch|für|gegen|mit|nach|r?an|r?auf"
    r"|r?aus|r?in|r?über|r?um|von|vor|zu)|wie\s?viele?r?|heißt|heisst|heißen|hieß|hießen|lautet|lautete)\b",
    re.IGNORECASE,
)
OVERVIEW = re.compile(
    r"zusammenfass|\bfasse?\b.*\bzusammen\b|überblick|worum geht|wovon handel|summar|overview|what\b.*\babout\b"
    r"|main points",
    re.IGNORECASE | re.DOTALL,
)


def telling(question: str) -> str:
    """The question without the words that only ask."""
    return INTERROGATIVE.sub(" ", question)


def asks_for_an_overview(question: str) -> bool:
    """What such a question is about stands nowhere in it."""
    return OVERVIEW.search(question) is not None
