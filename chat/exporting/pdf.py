"""PDF for passing on and printing, with its own fonts; in its metadata that a machine wrote it.

The fonts hold Latin, Greek and Cyrillic, mathematics and symbols. What they lack is shown as `▯`; DOCX and ODT leave it
to the reader's fonts.
"""

from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from fpdf import FPDF, FontFace
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont
from pymupdf_fonts import myfont

from chat.exporting.blocks import Block, Code, Heading, Paragraph, Rule, Run, Table, blocks_of, plain
from chat.exporting.content import (
    DIGITAL_SOURCE_ADDRESS,
    DIGITAL_SOURCE_TYPE,
    Document,
    Turn,
    quote_of,
    source_line,
)

TEXT, MONO, OTHERS = "text", "mono", ("signs", "symbols")
FACES = {(TEXT, ""): "notos", (TEXT, "B"): "notosbo", (TEXT, "I"): "notosit", (TEXT, "BI"): "notosbi"}
FACES |= {(MONO, ""): "ubuntm", (MONO, "B"): "ubuntmbo", ("signs", ""): "math", ("symbols", ""): "symbol2"}
SIZE, SMALL, LINE, STEP = 10, 8.5, 5.2, 6  # points, points, millimetres, millimetres
HEADINGS = {1: 14, 2: 12.5, 3: 11.5}
INK, MUTED, LINK = (29, 36, 38), (87, 96, 95), (11, 107, 99)
MISSING = "▯"
XMP = """\
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<Iptc4xmpExt:DigitalSourceType>{source}</Iptc4xmpExt:DigitalSourceType>
</rdf:Description>
"""


class Sheet(FPDF):
    """Pages with our fonts and their number."""

    def __init__(self, notice: str, folder: Path) -> None:
        super().__init__(format="A4")
        self.notice = notice
        for (family, style), name in FACES.items():
            file = folder / f"{name}.ttf"
            file.write_bytes(myfont(name))
            self.add_font(family, style, file)
        self.set_fallback_fonts(OTHERS, exact_match=False)
        self.known = set().union(*(font.cmap for font in self.fonts.values() if isinstance(font, TTFFont)))
        self.set_margins(20, 18)
        self.set_auto_page_break(True, 20)

    def footer(self) -> None:
        self.set_y(-14)
        self.set_font(TEXT, size=7.5)
        self.set_text_color(*MUTED)
        self.cell(0, 5, f"{self.shown(self.notice)[:110]}  ·  {self.page_no()}", align="C")

    def shown(self, text: str) -> str:
        return "".join(char if char in "\n" or ord(char) in self.known else MISSING for char in text)


def content(document: Document) -> bytes:
    with TemporaryDirectory(prefix="voliere-export-") as folder:  # fonts are read from files, and come as none
        return _written(Sheet(document.notice, Path(folder)), document)


def _written(pdf: Sheet, document: Document) -> bytes:
    _mark(pdf, document)
    pdf.add_page()
    _line(pdf, document.title, size=18, style="B", height=8)
    _line(pdf, document.notice, style="I", color=MUTED)
    for turn in document.turns:
        _turn(pdf, turn)
    return bytes(pdf.output())


def _mark(pdf: Sheet, document: Document) -> None:
    pdf.set_title(document.title)
    pdf.set_author("AI: " + ", ".join(document.models) if document.models else "AI")
    pdf.set_creator("Voliere")
    pdf.set_keywords(f"AI-generated, digitalSourceType: {DIGITAL_SOURCE_TYPE}")
    pdf.set_xmp_metadata(XMP.format(title=escape(document.title), source=DIGITAL_SOURCE_ADDRESS))


def _line(
    pdf: Sheet,
    text: str,
    *,
    size: float = SIZE,
    style: str = "",
    height: float = LINE,
    color: tuple[int, int, int] = INK,
    family: str = TEXT,
) -> None:
    pdf.set_font(family, style, size)
    pdf.set_text_color(*color)
    pdf.multi_cell(0, height, pdf.shown(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _turn(pdf: Sheet, turn: Turn) -> None:
    pdf.ln(4)
    _line(pdf, f"{turn.author} · {turn.when}", style="B", color=LINK if turn.is_answer else MUTED)
    pdf.ln(1)
    for block in blocks_of(turn.text) if turn.is_answer else plain(turn.text):
        _add(pdf, block)
    for citation in turn.sources:
        _line(pdf, source_line(citation), size=SMALL, style="B", color=MUTED)
        _line(pdf, f"“{quote_of(citation)}”", size=SMALL, style="I", color=MUTED)


def _add(pdf: Sheet, block: Block) -> None:
    match block:
        case Heading(runs, level):
            pdf.ln(2)
            _runs(pdf, runs, size=HEADINGS.get(level, SIZE), bold=True)
        case Paragraph():
            _paragraph(pdf, block)
        case Code(text):
            _line(pdf, text.expandtabs(4), family=MONO, size=SMALL, height=4.2)
        case Rule():
            pdf.line(pdf.l_margin, pdf.get_y() + 2, pdf.w - pdf.r_margin, pdf.get_y() + 2)
            pdf.ln(3)
        case Table(rows):
            _table(pdf, rows)
    pdf.ln(1.5)


def _paragraph(pdf: Sheet, block: Paragraph) -> None:
    left = pdf.l_margin
    indent = min(block.indent + block.quoted, 8)
    pdf.set_left_margin(left + STEP * indent)
    pdf.set_x(left + STEP * max(indent - 1, 0) if block.marker else pdf.l_margin)
    if block.marker:
        pdf.set_font(TEXT, size=SIZE)
        pdf.set_text_color(*INK)
        pdf.cell(STEP, LINE, block.marker)
        pdf.set_x(pdf.l_margin)
    _runs(pdf, block.runs, color=MUTED if block.quoted else INK)
    pdf.set_left_margin(left)
    pdf.set_x(left)


def _runs(
    pdf: Sheet, runs: list[Run], *, size: float = SIZE, bold: bool = False, color: tuple[int, int, int] = INK
) -> None:
    for run in runs:
        style = ("B" if run.bold or bold else "") + ("I" if run.italic and not run.code else "")
        style += ("S" if run.struck else "") + ("U" if run.link else "")
        pdf.set_font(MONO if run.code else TEXT, style, size * 0.92 if run.code else size)
        pdf.set_text_color(*(LINK if run.link else color))
        pdf.write(LINE, pdf.shown(run.text), run.link or "")
    pdf.ln(LINE)


def _table(pdf: Sheet, rows: list[list[list[Run]]]) -> None:
    width = max((len(row) for row in rows), default=0)
    if not width:
        return
    pdf.set_font(TEXT, size=SMALL)
    pdf.set_text_color(*INK)
    with pdf.table(headings_style=FontFace(emphasis="BOLD"), text_align="LEFT", line_height=4.6) as table:
        for row in rows:
            line = table.row()
            for runs in row + [[]] * (width - len(row)):
                line.cell(pdf.shown("".join(run.text for run in runs)))
