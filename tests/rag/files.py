"""Files as people upload them, made here and now."""

import io
from collections.abc import Sequence

import docx
from django.core.files.uploadedfile import SimpleUploadedFile
from fpdf import FPDF, XPos, YPos
from fpdf.enums import AccessPermission

GARDEN = "Der Garten öffnet um neun Uhr. Die Straße dorthin ist für Fußgänger gesperrt."
BUDGET = "The annual budget of the association was approved by all members in March."


def pdf(pages: Sequence[str], password: str = "", outline: Sequence[str] = ()) -> bytes:
    document = FPDF()
    document.set_font("helvetica", size=12)
    for number, text in enumerate(pages):
        document.add_page()
        if number < len(outline):
            document.start_section(outline[number])
        for line in filter(None, text.split("\n")):
            document.cell(text=line, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    if password:
        document.set_encryption(owner_password=password, user_password=password, permissions=AccessPermission.none())
    return bytes(document.output())


def word(*paragraphs: tuple[str, str], table: Sequence[Sequence[str]] = ()) -> bytes:
    """Paragraphs as (style, text); the table comes last."""
    document = docx.Document()
    for style, text in paragraphs:
        document.add_paragraph(text, style=style)
    if table:
        rows = document.add_table(rows=0, cols=len(table[0]))
        for cells in table:
            for cell, text in zip(rows.add_row().cells, cells, strict=True):
                cell.text = text
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def uploaded(content: bytes | str = GARDEN, name: str = "garden.txt") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)
