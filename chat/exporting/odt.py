"""The open document format: real headings, lists, tables and links, and in the metadata that a machine wrote it."""

from io import BytesIO
from typing import Any

from odf import dc, meta  # type: ignore[import-untyped]
from odf.opendocument import OpenDocumentText  # type: ignore[import-untyped]
from odf.style import ParagraphProperties, Style, TextProperties  # type: ignore[import-untyped]
from odf.table import Table as OdfTable  # type: ignore[import-untyped]
from odf.table import TableCell, TableColumn, TableRow
from odf.teletype import addTextToElement  # type: ignore[import-untyped]
from odf.text import A, H, P, Span  # type: ignore[import-untyped]

from chat.exporting.blocks import Block, Code, Heading, Paragraph, Rule, Run, Table, blocks_of, plain
from chat.exporting.content import (
    DIGITAL_SOURCE_ADDRESS,
    DIGITAL_SOURCE_TYPE,
    Document,
    Turn,
    quote_of,
    source_line,
)

DEEPEST = 10  # level of a heading
INDENTS = 8


def content(document: Document) -> bytes:
    odt = OpenDocumentText()
    _mark(odt, document)
    _define_styles(odt)
    odt.text.addElement(_heading([Run(document.title)], 1))
    odt.text.addElement(_paragraph([Run(document.notice, italic=True)]))
    for turn in document.turns:
        _turn(odt.text, turn)
    file = BytesIO()
    odt.write(file)
    return file.getvalue()


def _mark(odt: Any, document: Document) -> None:
    odt.meta.addElement(dc.Title(text=document.title))
    odt.meta.addElement(dc.Creator(text="AI: " + ", ".join(document.models) if document.models else "AI"))
    odt.meta.addElement(dc.Description(text=f"digitalSourceType: {DIGITAL_SOURCE_ADDRESS}"))
    odt.meta.addElement(meta.Keyword(text="AI-generated"))
    fact = meta.UserDefined(name="digitalSourceType", valuetype="string", text=DIGITAL_SOURCE_TYPE)
    odt.meta.addElement(fact)
    odt.meta.addElement(meta.CreationDate(text=document.created_at.strftime("%Y-%m-%dT%H:%M:%S")))


def _define_styles(odt: Any) -> None:
    def define(name: str, family: str, properties: Any) -> None:
        style = Style(name=name, family=family)
        style.addElement(properties)
        odt.styles.addElement(style)

    define("Code", "paragraph", TextProperties(fontname="monospace", fontfamily="monospace", fontsize="9pt"))
    for indent in range(1, INDENTS + 1):
        define(
            f"Indent{indent}", "paragraph", ParagraphProperties(marginleft=f"{0.75 * indent}cm", marginbottom="0.1cm")
        )
    for level, size in enumerate((20, 16, 14, 13, 12, 12, 12, 12), start=1):
        properties = TextProperties(fontweight="bold", fontsize=f"{size}pt")
        define(f"Heading{level}", "paragraph", properties)
    for name, properties in STYLES.items():
        define(name, "text", TextProperties(**properties))


STYLES = {
    "bold": {"fontweight": "bold"},
    "italic": {"fontstyle": "italic"},
    "struck": {"textlinethroughstyle": "solid"},
    "code": {"fontname": "monospace", "fontfamily": "monospace"},
}


def _turn(body: Any, turn: Turn) -> None:
    body.addElement(_heading([Run(f"{turn.author} · {turn.when}")], 2))
    for block in blocks_of(turn.text) if turn.is_answer else plain(turn.text):
        _add(body, block)
    for citation in turn.sources:
        runs = [Run(f"• {source_line(citation)}: ", bold=True), Run(f"“{quote_of(citation)}”", italic=True)]
        body.addElement(_paragraph(runs, "Indent1"))


def _add(body: Any, block: Block) -> None:
    match block:
        case Heading(runs, level):
            body.addElement(_heading(runs, min(level + 2, 8)))
        case Paragraph(runs, indent, marker, quoted):
            marked = [Run(f"{marker} "), *runs] if marker else runs
            depth = min(indent + quoted, INDENTS)
            body.addElement(_paragraph(marked, f"Indent{depth}" if depth else None))
        case Code(text):
            paragraph = P(stylename="Code")
            addTextToElement(paragraph, text)
            body.addElement(paragraph)
        case Rule():
            body.addElement(P(text="⁂"))
        case Table(rows):
            _table(body, rows)


def _table(body: Any, rows: list[list[list[Run]]]) -> None:
    width = max((len(row) for row in rows), default=0)
    if not width:
        return
    table = OdfTable()
    table.addElement(TableColumn(numbercolumnsrepeated=width))
    for number, row in enumerate(rows):
        line = TableRow()
        for runs in row + [[]] * (width - len(row)):
            cell = TableCell(valuetype="string")
            cell.addElement(_paragraph(runs, bold=not number))
            line.addElement(cell)
        table.addElement(line)
    body.addElement(table)


def _heading(runs: list[Run], level: int) -> Any:
    return _filled(H(outlinelevel=min(level, DEEPEST), stylename=f"Heading{level}"), runs)


def _paragraph(runs: list[Run], style: str | None = None, *, bold: bool = False) -> Any:
    return _filled(P(stylename=style) if style else P(), runs, bold=bold)


def _filled(element: Any, runs: list[Run], *, bold: bool = False) -> Any:
    for run in runs:
        where = element
        if run.link:
            where = A(href=run.link, type="simple")
            element.addElement(where)
        for name in STYLES:  # one span in another, as the styles add up
            if getattr(run, name) or (bold and name == "bold"):
                span = Span(stylename=name)
                where.addElement(span)
                where = span
        addTextToElement(where, run.text)
    return element
