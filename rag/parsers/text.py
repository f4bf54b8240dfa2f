"""Plain text and Markdown, in whatever encoding they were saved."""

import codecs
import re
import unicodedata
from pathlib import Path

from charset_normalizer import from_bytes

from rag.parsers.parsed import MAX_CHARACTERS, Heading, Parsed, ParsingFailed

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SAMPLE = 4096  # bytes
CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))
CONTROL_SHARE = 0.05  # more than that is a program, a picture or the like
LEGACY = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "mac_roman"]
SLACK = 0.02  # cp1252 is so much likelier that another has to be clearly cleaner
INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u200b\ufeff\ufffe\uffff\ud800-\udfff]")
FENCE = re.compile(r"^ {0,3}(```|~~~)")
ATX = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$")
UNDERLINE = re.compile(r"^ {0,3}(=+|-+)[ \t]*$")


def read(path: Path) -> Parsed:
    return Parsed(cleaned(decoded(path.read_bytes())))


def read_markdown(path: Path) -> Parsed:
    parsed = read(path)
    parsed.headings = markdown_headings(parsed.text)
    return parsed


def cleaned(text: str) -> str:
    text = tidied(text)
    if len(text) > MAX_CHARACTERS:
        raise ParsingFailed("too_much_text")
    if not text.strip():
        raise ParsingFailed("no_text")
    return text


def tidied(text: str) -> str:
    """One kind of line end, composed characters, nothing invisible that a database or a reader would trip over."""
    text = re.sub(r"\r\n?|[\x0b\f\x85\u2028\u2029]", "\n", text)
    return unicodedata.normalize("NFC", INVISIBLE.sub("", text))


def decoded(data: bytes) -> str:
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return _strictly(data, encoding)
    sample = data[:SAMPLE]
    for encoding in _wide_encodings(sample):
        return _strictly(data, encoding)
    if len(sample.translate(None, CONTROLS)) < len(sample) * (1 - CONTROL_SHARE):
        raise ParsingFailed("not_text")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _legacy(data)


def markdown_headings(text: str) -> list[Heading]:
    headings: list[Heading] = []
    position, fence, previous = 0, "", ""
    for line in text.split("\n"):
        mark = FENCE.match(line)
        if mark:
            fence = "" if fence == mark[1] else fence or mark[1]
        elif not fence:
            atx = ATX.match(line)
            if atx:
                headings.append(Heading(position, atx[1]))
            elif previous.strip() and UNDERLINE.match(line) and not ATX.match(previous):
                headings.append(Heading(position - len(previous) - 1, previous.strip()))
        previous = line if line.strip() and not fence else ""
        position += len(line) + 1
    return headings


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise ParsingFailed("not_text") from None


def _wide_encodings(sample: bytes) -> list[str]:
    """UTF-16 without a mark shows as text with a zero in every other byte."""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if odd > len(sample) * 0.3 and not even:
        return ["utf-16-le"]
    if even > len(sample) * 0.3 and not odd:
        return ["utf-16-be"]
    return []


def _legacy(data: bytes) -> str:
    found = {match.encoding: match for match in from_bytes(data, cp_isolation=LEGACY, threshold=0.3)}
    if not found:
        raise ParsingFailed("not_text")
    best = min(found.values(), key=lambda match: match.chaos - SLACK * (match.encoding == "cp1252"))
    return str(best)
