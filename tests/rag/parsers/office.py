"""Office files made here and now."""

import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl
import pptx
from odf import opendocument, table, text

Rows = Sequence[Sequence[object]]


def archive(members: dict[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return target.getvalue()


def replaced(content: bytes, member: str, change: Callable[[bytes], bytes]) -> bytes:
    """The same archive with one member changed."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        members: dict[str, bytes | str] = {name: file.read(name) for name in file.namelist()}
    members[member] = change(file_content(members[member]))
    return archive(members)


def file_content(content: bytes | str) -> bytes:
    return content.encode() if isinstance(content, str) else content


def slides(*pages: tuple[str, str], notes: str = "") -> bytes:
    """Slides as (title, body); the notes stand below the last."""
    presentation = pptx.Presentation()
    for title, body in pages:
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = body
    if notes:
        slide.notes_slide.notes_text_frame.text = notes
    return saved(presentation)


def workbook(**sheets: Rows) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    return saved(book)


def open_text(*paragraphs: tuple[str, str]) -> bytes:
    """An ODT of (kind, text); kind is h, p or li."""
    document = opendocument.OpenDocumentText()
    for kind, content in paragraphs:
        if kind == "h":
            document.text.addElement(text.H(outlinelevel=1, text=content))
        elif kind == "li":
            document.text.addElement(items := text.List())
            items.addElement(item := text.ListItem())
            item.addElement(text.P(text=content))
        else:
            document.text.addElement(text.P(text=content))
    return saved(document)


def open_sheets(**sheets: Rows) -> bytes:
    document = opendocument.OpenDocumentSpreadsheet()
    for name, rows in sheets.items():
        document.spreadsheet.addElement(sheet := table.Table(name=name))
        for cells in rows:
            sheet.addElement(row := table.TableRow())
            for value in cells:
                row.addElement(cell := table.TableCell(valuetype="string"))
                cell.addElement(text.P(text=str(value)))
    return saved(document)


def saved(document: Any) -> bytes:
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()
