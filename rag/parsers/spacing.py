"""The lines of a printed page, with an empty line where the page leaves more room than inside of a paragraph."""

import ctypes
import re
from itertools import pairwise

import pypdfium2
import pypdfium2.raw as pdfium

LINE_END_HYPHEN = "[\ufffe\x02]"  # what PDFium writes for a hyphen that only a line end put there
PIECE = re.compile("[^\r\n\ufffe\x02]+")
WIDE = 1.3  # times the usual room between two lines


def spaced_text(page: pypdfium2.PdfTextPage) -> str:
    text = page.get_text_range()
    pieces = list(PIECE.finditer(text))
    rooms = [_room(page, above.start(), below.start()) for above, below in pairwise(pieces)]
    measured = sorted(room for room in rooms if room > 0)
    usual = measured[len(measured) // 4] if measured else 0.0  # of four lines, one at least goes on
    parts = [text[: pieces[0].end()] if pieces else text]
    for (above, below), room in zip(pairwise(pieces), rooms, strict=True):
        # a formula makes room inside of a sentence too
        is_gap = room > usual * WIDE and not below[0].lstrip()[:1].islower()
        parts += [text[above.end() : below.start()], "\n" if is_gap else "", below[0]]
    return "".join(parts)


def _room(page: pypdfium2.PdfTextPage, above: int, below: int) -> float:
    """From one line to the next, in heights of the larger letters; 0 or less where the next is not below."""
    (upper, height), (lower, other_height) = _placed(page, above), _placed(page, below)
    larger = max(height, other_height)
    return (upper - lower) / larger if larger > 0 else 0.0


def _placed(page: pypdfium2.PdfTextPage, position: int) -> tuple[float, float]:
    """Where the letter at a position of the text stands on the page, and how tall its font is."""
    index = pdfium.FPDFText_GetCharIndexFromTextIndex(page, position)
    x, y, box = ctypes.c_double(), ctypes.c_double(), pdfium.FS_RECTF()
    is_known = pdfium.FPDFText_GetCharOrigin(page, index, x, y) and pdfium.FPDFText_GetLooseCharBox(page, index, box)
    return (y.value, box.top - box.bottom) if is_known else (0.0, 0.0)
