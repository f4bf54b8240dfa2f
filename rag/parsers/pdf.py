"""The text layer of a PDF, page by page."""

import re
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from rag.parsers import progress
from rag.parsers.lines import Hyphens, paragraphs
from rag.parsers.parsed import MAX_CHARACTERS, MAX_PAGES, Heading, Parsed, ParsingFailed, joined
from rag.parsers.running_heads import without_running_heads
from rag.parsers.spacing import LINE_END_HYPHEN, spaced_text
from rag.parsers.text import tidied

TAIL = 4096  # bytes in which the end mark has to stand


def read(path: Path) -> Parsed:
    document = _opened(path)
    if not len(document):
        raise ParsingFailed("damaged")
    if len(document) > MAX_PAGES:
        raise ParsingFailed("too_many_pages")
    pages = without_running_heads(_pages(document))
    hyphens = Hyphens(pages)
    text, page_starts = joined(paragraphs(page, hyphens) for page in pages)
    if not text.strip():
        raise ParsingFailed("no_text")
    return Parsed(text, page_starts, _outline(document, text, page_starts))


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


def _pages(document: pypdfium2.PdfDocument) -> list[str]:
    pages, characters = [], 0
    for index in range(len(document)):
        try:
            page = document[index]
            textpage = page.get_textpage()
        except pypdfium2.PdfiumError:
            raise ParsingFailed("damaged") from None
        pages.append(tidied(re.sub(f"{LINE_END_HYPHEN}\\s*", "-\n", spaced_text(textpage))))
        textpage.close()
        page.close()
        progress.tell(index + 1, len(document))
        characters += len(pages[-1])
        if characters > MAX_CHARACTERS:
            raise ParsingFailed("too_much_text")
    return pages


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
