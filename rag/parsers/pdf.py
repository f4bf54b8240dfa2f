"""The text layer of a PDF, page by page; of pages without one, what text recognition has left beside the file."""

import re
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from rag.parsers import progress
from rag.parsers.lines import Hyphens, paragraphs
from rag.parsers.parsed import MAX_CHARACTERS, MAX_PAGES, Heading, Parsed, ParsingFailed, joined
from rag.parsers.pictures import largest_image
from rag.parsers.recognised import recognised
from rag.parsers.running_heads import without_running_heads
from rag.parsers.spacing import LINE_END_HYPHEN, spaced_text
from rag.parsers.text import tidied

TAIL = 4096  # bytes in which the end mark has to stand
FEWEST_LETTERS = 20
SMALLEST_SCAN = 100_000  # pixels; a logo has less


def read(path: Path) -> Parsed:
    document = _opened(path)
    if not len(document):
        raise ParsingFailed("damaged")
    if len(document) > MAX_PAGES:
        raise ParsingFailed("too_many_pages")
    found, scans = _pages(document, path.parent)
    pages = without_running_heads(found)
    hyphens = Hyphens(pages)
    text, page_starts = joined(paragraphs(page, hyphens) for page in pages)
    outline = _outline(document, text, page_starts)
    return Parsed(text, page_starts, outline, page_kind="page", scans=scans)


def _opened(path: Path) -> pypdfium2.PdfDocument:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL))
        has_end = b"%%EOF" in file.read()
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise ParsingFailed("encrypted") from None
        raise ParsingFailed("damaged" if has_end else "truncated") from None
    if not has_end:  # PDFium repairs what is left, and would hand out half a document without a word
        raise ParsingFailed("truncated")
    return document


def _pages(document: pypdfium2.PdfDocument, folder: Path) -> tuple[list[str], list[int]]:
    """The text of each, and the numbers of those that are still a picture."""
    pages: list[str] = []
    scans: list[int] = []
    characters = 0
    for index in range(len(document)):
        try:
            page = document[index]
            textpage = page.get_textpage()
        except pypdfium2.PdfiumError:
            raise ParsingFailed("damaged") from None
        text = tidied(re.sub(f"{LINE_END_HYPHEN}\\s*", "-\n", spaced_text(textpage)))
        if _is_scan(page, text):
            words = recognised(folder, index + 1)
            text = text if words is None else tidied(words)
            scans += [index + 1] if words is None else []
        pages.append(text)
        textpage.close()
        page.close()
        progress.tell(index + 1, len(document))
        characters += len(pages[-1])
        if characters > MAX_CHARACTERS:
            raise ParsingFailed("too_much_text")
    return pages, scans


def _is_scan(page: pypdfium2.PdfPage, text: str) -> bool:
    """A picture with hardly a word beside it; a stamp or a page number may have been put on it."""
    return sum(map(str.isalnum, text)) < FEWEST_LETTERS and largest_image(page) > SMALLEST_SCAN


def _outline(document: pypdfium2.PdfDocument, text: str, page_starts: list[int]) -> list[Heading]:
    """The bookmarks, each where its title stands on its page, else where the page begins."""
    headings = []
    for bookmark in document.get_toc(max_depth=6):
        destination = bookmark.get_dest()
        index = destination.get_index() if destination else None
        title = " ".join(tidied(bookmark.get_title()).split())
        if index is None or not 0 <= index < len(page_starts) or not title:
            continue
        end = page_starts[index + 1] if index + 1 < len(page_starts) else len(text)
        line = re.compile(rf"^{re.escape(title)}", re.MULTILINE).search(text, page_starts[index], end)
        headings.append(Heading(line.start() if line else page_starts[index], title))
    return sorted(headings, key=lambda heading: heading.start)
