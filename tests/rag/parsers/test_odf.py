import pytest
from odf import draw, opendocument, style, table, text

from rag.formats import ODP, ODS, ODT
from tests.rag.files import BUDGET, GARDEN
from tests.rag.parsers.office import open_sheets, open_text, replaced, saved
from tests.rag.parsers.reading import pages, parsed, reason, tables

MANIFEST = "META-INF/manifest.xml"


def test_a_text_keeps_headings_and_lists() -> None:
    found = parsed(open_text(("h", "Garten"), ("p", GARDEN), ("li", "Hacke")), ODT)
    assert found.text == f"Garten\n\n{GARDEN}\n\n- Hacke"
    assert [heading.title for heading in found.headings] == ["Garten"]


def test_spaces_tabs_and_line_ends_are_there() -> None:
    document = opendocument.OpenDocumentText()
    document.text.addElement(line := text.P(text="a"))
    for part in (text.S(c=3), text.Tab(), text.LineBreak()):
        line.addElement(part)
    line.addText("b")
    assert parsed(saved(document), ODT).text == "a   \t\nb"


def test_each_sheet_is_a_page_with_its_name() -> None:
    found = parsed(open_sheets(Budget=[["Posten", "Summe"], ["Rosen", "3"]], Leer=[], Team=[["Anna"]]), ODS)
    assert pages(found) == ["| Posten | Summe |\n| Rosen | 3 |", "", "| Anna |"]
    assert (found.page_kind, found.page_labels) == ("sheet", ["Budget", "Leer", "Team"])


def test_a_million_repeated_empty_rows_and_cells_are_none() -> None:
    document = opendocument.OpenDocumentSpreadsheet()
    document.spreadsheet.addElement(sheet := table.Table(name="Eins"))
    sheet.addElement(row := table.TableRow())
    row.addElement(cell := table.TableCell(numbercolumnsrepeated=2))
    cell.addElement(text.P(text="x"))
    row.addElement(table.TableCell(numbercolumnsrepeated=16_000))
    sheet.addElement(empty := table.TableRow(numberrowsrepeated=1_048_575))
    empty.addElement(table.TableCell(numbercolumnsrepeated=16_384))
    assert tables(parsed(saved(document), ODS)) == ["| x | x |"]


def test_slides_are_read_in_their_order() -> None:
    document = opendocument.OpenDocumentPresentation()
    layout = style.PageLayout(name="layout")
    document.automaticstyles.addElement(layout)
    master = style.MasterPage(name="master", pagelayoutname=layout)
    document.masterstyles.addElement(master)
    for title, body in (("Garten", GARDEN), ("Budget", BUDGET)):
        document.presentation.addElement(page := draw.Page(masterpagename=master))
        for role, content in (("title", title), ("outline", body)):
            page.addElement(frame := draw.Frame(attributes={"class": role} if role == "title" else {}))
            frame.addElement(box := draw.TextBox())
            box.addElement(text.P(text=content))
    found = parsed(saved(document), ODP)
    assert (pages(found), found.page_kind) == ([f"Garten\n\n{GARDEN}", f"Budget\n\n{BUDGET}"], "slide")
    assert [heading.title for heading in found.headings] == ["Garten", "Budget"]


def test_a_text_with_a_password_says_so() -> None:
    entry = b'<m:file-entry m:full-path="content.xml"><m:encryption-data/></m:file-entry></'
    locked = replaced(open_text(("p", GARDEN)), MANIFEST, lambda xml: entry.join(xml.rsplit(b"</", 1)))
    assert reason(locked, ODT) == "encrypted"


@pytest.mark.parametrize(("media_type", "code"), [(ODP, "other_format"), (ODS, "no_text")])
def test_a_text_under_another_name_is_refused(media_type: str, code: str) -> None:
    assert reason(open_text(("p", GARDEN)), media_type) == code
