"""`python -m rag.parsers.drawing FILE PAGE WIDTH FOLDER`: a page of a PDF as a picture, and where its letters stand.

Writes `picture.webp` and `letters.json`: the page's letters (see `rag.letters`), a box for each, and the height of the
page. Boxes count ten-thousandths of the page's width from its upper left corner.
"""

import ctypes
import json
import sys
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from rag.letters import folded
from rag.parsers.confinement import confine

UNITS = 10_000  # to the width of a page
MOST_PIXELS = 16_000_000
MOST_LETTERS = 60_000  # a page of more is no page; it is shown without boxes

Box = tuple[int, int, int, int]  # left, top, right, bottom


def draw(page: pypdfium2.PdfPage, width: int, target: Path) -> None:
    across, down = page.get_size()
    scale = min(width / across, (MOST_PIXELS / (across * down)) ** 0.5)
    page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB").save(target, "WEBP", quality=85, method=2)


def placed(page: pypdfium2.PdfPage) -> list[tuple[str, Box]]:
    """A letter's box holds the punctuation that follows it, so that a marked sentence ends with its full stop."""
    textpage, height = page.get_textpage(), height_of(page)
    found: list[tuple[str, Box]] = []
    for index in range(textpage.count_chars() if textpage.count_chars() <= MOST_LETTERS else 0):
        character = pdfium.FPDFText_GetUnicode(textpage, index)
        if 0xD800 <= character < 0xE000 or pdfium.FPDFText_IsGenerated(textpage, index) == 1:
            continue
        box = _box(page, textpage, index, height)
        found += [(letter, box) for letter in folded(chr(character))]
        if found and not chr(character).isalnum() and not chr(character).isspace() and _follows(found[-1][1], box):
            found[-1] = found[-1][0], (*found[-1][1][:2], box[2], found[-1][1][3])
    return found


def _follows(letter: Box, mark: Box) -> bool:
    return letter[1] <= (mark[1] + mark[3]) // 2 <= letter[3] and 0 <= mark[2] - letter[2] <= letter[3] - letter[1]


def height_of(page: pypdfium2.PdfPage) -> int:
    across, down = page.get_size()
    return max(1, round(UNITS * float(down) / float(across)))


def _box(page: pypdfium2.PdfPage, textpage: pypdfium2.PdfTextPage, index: int, height: int) -> Box:
    """As PDFium draws it, so that rotated and cropped pages need no further thought."""
    box = pdfium.FS_RECTF()
    pdfium.FPDFText_GetLooseCharBox(textpage, index, box)
    corners = [_on_page(page, x, y, height) for x, y in ((box.left, box.top), (box.right, box.bottom))]
    (left, right), (top, bottom) = (sorted(axis) for axis in zip(*corners, strict=True))
    return max(left, 0), max(top, 0), min(right, UNITS), min(bottom, height)


def _on_page(page: pypdfium2.PdfPage, x: float, y: float, height: int) -> tuple[int, int]:
    across, down = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDF_PageToDevice(page, 0, 0, UNITS, height, 0, x, y, across, down)
    return across.value, down.value


def main(path: str, number: str, width: str, folder: str) -> None:
    confine()
    page = pypdfium2.PdfDocument(path)[int(number) - 1]
    draw(page, int(width), Path(folder, "picture.webp"))
    found = placed(page)
    outcome = {
        "height": height_of(page),
        "letters": "".join(letter for letter, _ in found),
        "boxes": [box for _, box in found],
    }
    Path(folder, "letters.json").write_text(json.dumps(outcome, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
