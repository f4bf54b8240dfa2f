"""Word's format: real headings, lists, tables and links, and in the properties that a machine wrote it."""

from io import BytesIO

import docx
from docx.document import Document as WordDocument
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docx.text.paragraph import Paragraph as WordParagraph
from docx.text.run import Run as WordRun

from chat.exporting.blocks import Block, Code, Heading, Paragraph, Rule, Run, Table, blocks_of, plain
from chat.exporting.content import (
    DIGITAL_SOURCE_ADDRESS,
    DIGITAL_SOURCE_TYPE,
    Document,
    Turn,
    quote_of,
    source_line,
)

MONOSPACE = "Consolas"
DEEPEST = 4  # heading of an answer, below the document's and the turn's


def content(document: Document) -> bytes:
    word = docx.Document()
    _mark(word, document)
    word.add_heading(document.title, 0)
    word.add_paragraph().add_run(document.notice).italic = True
    for turn in document.turns:
        _turn(word, turn)
    file = BytesIO()
    word.save(file)
    return file.getvalue()


def _mark(word: WordDocument, document: Document) -> None:
    properties = word.core_properties
    properties.title = document.title[:255]
    properties.author = ("AI: " + ", ".join(document.models))[:255] if document.models else "AI"
    properties.category = "AI-generated"
    properties.keywords = f"AI-generated, digitalSourceType: {DIGITAL_SOURCE_TYPE}"
    properties.comments = f"digitalSourceType: {DIGITAL_SOURCE_ADDRESS}"
    properties.created = document.created_at.replace(tzinfo=None)


def _turn(word: WordDocument, turn: Turn) -> None:
    word.add_heading(f"{turn.author} · {turn.when}", 1)
    for block in blocks_of(turn.text) if turn.is_answer else plain(turn.text):
        _add(word, block)
    for citation in turn.sources:
        paragraph = word.add_paragraph(style="List Bullet")
        paragraph.add_run(f"{source_line(citation)}: ").bold = True
        paragraph.add_run(f"“{quote_of(citation)}”").italic = True


def _add(word: WordDocument, block: Block) -> None:
    match block:
        case Heading(runs, level):
            _fill(word.add_heading("", min(level + 1, DEEPEST)), runs)
        case Paragraph():
            _paragraph(word, block)
        case Code(text):
            run = word.add_paragraph().add_run(text)
            run.font.name, run.font.size = MONOSPACE, Pt(9)
        case Rule():
            word.add_paragraph("⁂")
        case Table(rows):
            _table(word, rows)


def _paragraph(word: WordDocument, block: Paragraph) -> None:
    if block.marker == "•":
        paragraph = word.add_paragraph(style="List Bullet")
    else:
        paragraph = word.add_paragraph(style="Quote" if block.quoted else None)
        if block.marker:  # as it was numbered: a list may begin anywhere
            paragraph.add_run(f"{block.marker}\t")
    if block.indent > 1 or (block.indent and block.marker != "•"):
        paragraph.paragraph_format.left_indent = Cm(0.75 * block.indent)
    _fill(paragraph, block.runs)


def _table(word: WordDocument, rows: list[list[list[Run]]]) -> None:
    width = max((len(row) for row in rows), default=0)
    if not width:
        return
    table = word.add_table(len(rows), width, style="Table Grid")
    for cells, row in zip(table.rows, rows, strict=True):
        for cell, runs in zip(cells.cells, row, strict=False):
            _fill(cell.paragraphs[0], runs, bold=row is rows[0])
    word.add_paragraph()


def _fill(paragraph: WordParagraph, runs: list[Run], *, bold: bool = False) -> None:
    for run in runs:
        _style(_link(paragraph, run) if run.link else paragraph.add_run(run.text), run, bold=bold)


def _style(written: WordRun, run: Run, *, bold: bool) -> None:
    written.bold = run.bold or bold or None
    written.italic = run.italic or None
    written.font.strike = run.struck or None
    if run.code:
        written.font.name = MONOSPACE
    if run.link:
        written.underline = True


def _link(paragraph: WordParagraph, run: Run) -> WordRun:
    target = paragraph.part.relate_to(run.link, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    link = OxmlElement("w:hyperlink")
    link.set(qn("r:id"), target)
    written = paragraph.add_run(run.text)
    link.append(written._r)
    paragraph._p.append(link)
    return written
