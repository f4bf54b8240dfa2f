"""Answers that would never end by themselves."""

from chat.exceptions import AnswerRepeats, AnswerTooLong

LONGEST = 1_000_000  # characters: about 250,000 tokens
LOOKED_AT = 6_000  # characters at the end of the answer
TIMES = 20  # that the same may come again


def check(text: str) -> None:
    """Raises `AnswerTooLong`, `AnswerRepeats`."""
    if len(text) > LONGEST:
        raise AnswerTooLong
    if len(text) >= LOOKED_AT and repeats(text[-LOOKED_AT:]):
        raise AnswerRepeats


def repeats(end: str) -> bool:
    """Whether it is one piece again and again, in words: a line of dashes or a table of zeros may be meant."""
    sample = end[-(len(end) // TIMES) :]
    before = end.rfind(sample, 0, -1)
    period = len(end) - len(sample) - before
    piece = end[-period:]
    is_periodic = before >= 0 and period <= len(end) // TIMES and end[period:] == end[:-period]
    return is_periodic and len(set(filter(str.isalpha, piece))) > 2
