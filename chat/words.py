"""A sentence as what can be compared: its words without endings, its numbers and dates, whether it denies. Pure."""

import re
from dataclasses import dataclass
from functools import cached_property

from chat.small_words import BOTH, DENIALS, ENGLISH, GERMAN, MONTHS, NO_CONTENT, NUMBERS, ONES
from rag.letters import folded

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
DATE = re.compile(r"(?<![\d.])(?:(\d{1,2})\.\s?(\d{1,2})\.(?:\s?(\d{4}))?|(\d{4})-(\d{2})-(\d{2}))(?!\d)")
NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
GROUPED = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
# the number of a page or a source is ours, and no statement of the text
OF_OURS = re.compile(
    r"(?:Seiten?|S\.|pages?|p\.|Quellen?|sources?|Dokument|document)\s+\d+(?:\s*[-–]\s*\d+)?", re.IGNORECASE
)
QUOTED = re.compile(r"[„“\"«»]([^„“”\"«»]{12,})[“”\"«»]")
ENGLISH_NAME = re.compile(r"(?<=[\w,;] )([A-ZÄÖÜ][a-zà-ÿ]{2,})")
CAPITALS = r"[A-ZÄÖÜ][a-zà-ÿ]+"
GERMAN_NAME = re.compile(
    rf"(?:Herrn?|Frau|Dr\.|Prof\.) ((?:{CAPITALS}-? ?){{1,3}})"
    rf"|\b(?:von|bei|durch|mit) ({CAPITALS} {CAPITALS}(?: {CAPITALS})?)"
)
COMPOUND = re.compile(
    rf"(?:(?P<ones>{'|'.join(ONES)})und)?(?P<tens>\w+zig|dreißig)|(?P<en_tens>\w+ty)[- ](?P<en_ones>{'|'.join(ONES)})"
)
ENDINGS = re.compile(r"(?:ungen|ung|ern|est|ing|ed|em|en|er|es|ly|e|n|s|t)$")
SHORTEST_STEM = 3


@dataclass(frozen=True)
class Sentence:
    text: str

    @cached_property
    def words(self) -> dict[str, bool]:
        """Stems of what carries meaning, and whether each was written with a capital."""
        found: dict[str, bool] = {}
        for word in WORD.finditer(OF_OURS.sub(" ", self.text)):
            plain = word[0].lower()
            if plain not in NO_CONTENT:
                found.setdefault(stem(plain), word[0][0].isupper())
        return found

    @cached_property
    def numbers(self) -> frozenset[str]:
        """In one way of writing: 1.000 is 1000, 38,5 is 38.5, `dreißig` is 30; a month is `month 3`."""
        text = OF_OURS.sub(" ", self.text)
        dates = DATE.findall(text)
        found = {part for date in dates for part in _date(*date)}
        found |= {_number(number[0]) for number in NUMBER.finditer(DATE.sub(" ", text))}
        plain = text.lower()
        compounds = [(match.span(), _compound(match)) for match in COMPOUND.finditer(plain)]
        found |= {str(number) for _, number in compounds if number}
        taken = [span for span, number in compounds if number]
        for word in WORD.finditer(plain):
            if word[0] in NUMBERS and not any(start <= word.start() < end for (start, end) in taken):
                found.add(str(NUMBERS[word[0]]))
            elif word[0] in MONTHS:
                found.add(f"month {MONTHS[word[0]]}")
        return frozenset(found)

    @cached_property
    def language(self) -> str:
        """`de` or `en` by its small words; empty where these do not tell."""
        words = [word[0].lower() for word in WORD.finditer(self.text)]
        german, english = (sum(word in small for word in words) for small in (GERMAN - BOTH, ENGLISH - BOTH))
        return "de" if german > english else "en" if english > german else ""

    @cached_property
    def names(self) -> set[str]:
        """Stems of words that are names for certain: in German every noun has a capital."""
        pattern = ENGLISH_NAME if self.language == "en" else GERMAN_NAME
        found = " ".join(match[match.lastindex or 1] for match in pattern.finditer(self.text))
        return {stem(word.lower()) for word in WORD.findall(found)} & self.words.keys()

    @cached_property
    def denies(self) -> bool:
        words = {word[0].lower() for word in WORD.finditer(self.text)}
        return bool(words & DENIALS) or "n't" in self.text or "n’t" in self.text

    @cached_property
    def quotations(self) -> list[str]:
        """What stands in quotation marks and is long enough to be no mere name."""
        return [quoted for quoted in QUOTED.findall(self.text) if len(quoted.split()) >= 3]


def stem(word: str) -> str:
    plain = "".join(map(folded, word.split("'")[0].split("’")[0]))
    short = ENDINGS.sub("", plain)
    return short if len(short) >= SHORTEST_STEM else plain


def _date(day: str, month: str, year: str, iso_year: str, iso_month: str, iso_day: str) -> set[str]:
    parts = {str(int(day or iso_day)), f"month {int(month or iso_month)}"}
    return parts | {year or iso_year} if year or iso_year else parts


def _number(text: str) -> str:
    if GROUPED.fullmatch(text):
        return re.sub(r"[.,]", "", text)
    if ":" in text:
        hours, _, rest = text.partition(":")
        return str(int(hours)) if not rest.strip("0") else f"{int(hours)}:{rest}"
    whole, *parts = text.replace(",", ".").split(".")
    decimals = ".".join(parts).rstrip("0")
    return f"{int(whole)}.{decimals}" if decimals else str(int(whole))


def _compound(found: re.Match[str]) -> int | None:
    tens = NUMBERS.get(found["tens"] or found["en_tens"] or "")
    ones = ONES.get(found["ones"] or found["en_ones"] or "", 0)
    return tens + ones if tens and tens < 100 and (ones or found["en_tens"]) else None
