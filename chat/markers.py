"""The markers by which an answer names its sources, in all the forms that models write them. Pure.

[1]  [1, 2]  [1-3]  [1][2]  [Source 1]  (Quelle 1)  [^1]  ^1  **[1]**  【1】  【1†L3】  [1, p. 3]
"""

import re
from collections.abc import Mapping

Links = Mapping[int, tuple[str, str]]  # number of a source → (address, title)

MOST_IN_A_RANGE = 20

NAME = r"(?:sources?|quellen?)"
NUMBER = r"[#^]?\d{1,3}(?!\d)"
ITEM = rf"(?:{NAME}\s*:?\s*)?{NUMBER}(?:\s*[-–—]\s*\d{{1,3}})?"
LIST = rf"{ITEM}(?:\s*(?:[,;/&]|and|und)\s*{ITEM})*"
PLACE = r"(?:(?::\d{1,4})?†[^\]】\n]{0,60}|\s*,?\s*(?:pp?\.|pages?|S\.|Seiten?|lines?|Zeilen?)\s*\d+(?:\s*[-–]\s*\d+)?)"
MARKER = re.compile(
    rf"(?P<bold>\*\*)?(?:[\[【]\s*(?P<list>{LIST}){PLACE}?\s*[\]】](?!\()"
    rf"|\(\s*(?P<named>{NAME}\s*:?\s*{LIST}){PLACE}?\s*\))(?(bold)\*\*)"
    r"|(?:(?<![\w)])|(?<=[^\W\d_]{3}))\^(?P<raised>\d{1,2})(?![\w^]|[.,]\d)",
    re.IGNORECASE,
)
RANGE = re.compile(r"(\d{1,3})(?:\s*[-–—]\s*(\d{1,3}))?")
FIRST = "*[【(^"  # what one may begin with
OPENED = rf"[\[【]\s*(?:{NAME}[^\[\]【】\n]{{0,60}}|[#^\d][^\[\]【】\n]{{0,60}}|[a-z]{{0,6}})?"
CALLED = rf"\(\s*(?:{NAME}[^()\n]{{0,60}}|[sq][a-z]{{0,6}})?"
BEGUN = re.compile(
    rf"(?:(?<!\S)\*{{1,2}}|\*\*(?:{OPENED}[\]】]?|{CALLED}\)?)\*?|{OPENED}|{CALLED}|\^\d{{0,2}})$", re.IGNORECASE
)


def numbers(found: re.Match[str]) -> list[int]:
    """The sources a marker names, in its order."""
    named: list[int] = []
    for first, last in RANGE.findall(found["list"] or found["named"] or found["raised"]):
        start, end = int(first), int(last or first)
        named += range(start, end + 1) if start <= end <= start + MOST_IN_A_RANGE else [start, end]
    return list(dict.fromkeys(named))


def settled(text: str) -> int:
    """How much of a growing text can be shown: the rest may be a marker that has only begun."""
    begun = BEGUN.search(text, max(0, len(text) - 80))
    return begun.start() if begun else len(text)
