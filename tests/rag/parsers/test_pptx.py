import pptx
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from rag.formats import PPTX
from tests.rag.files import BUDGET, GARDEN
from tests.rag.parsers.office import saved, slides
from tests.rag.parsers.reading import pages, parsed, tables


def test_slides_are_read_in_their_order_with_titles_points_and_notes() -> None:
    found = parsed(slides(("Garten", "Hacke\nSpaten"), ("Budget", BUDGET), notes=GARDEN), PPTX)
    assert pages(found) == ["Garten\n\n- Hacke\n- Spaten", f"Budget\n\n{BUDGET}\n\n{GARDEN}"]
    assert (found.page_kind, [heading.title for heading in found.headings]) == ("slide", ["Garten", "Budget"])


def test_a_hidden_slide_is_not_read_and_still_counts() -> None:
    presentation = pptx.Presentation()
    for number in range(3):
        slide = presentation.slides.add_slide(presentation.slide_layouts[5])
        slide.shapes.title.text = f"Folie {number}"
    presentation.slides[1]._element.set("show", "0")
    assert pages(parsed(saved(presentation), PPTX)) == ["Folie 0", "", "Folie 2"]


def test_tables_charts_and_groups_are_read() -> None:
    presentation = pptx.Presentation()
    shapes = presentation.slides.add_slide(presentation.slide_layouts[6]).shapes
    table = shapes.add_table(2, 2, 0, 0, Inches(4), Inches(1)).table
    for index, text in enumerate(["Name", "Preis", "Rose", "3 €"]):
        table.cell(index // 2, index % 2).text = text
    data = CategoryChartData()
    data.categories = ["Mai", "Juni"]
    data.add_series("Besucher", (40, 62.5))
    shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, Inches(2), Inches(4), Inches(2), data)
    group = shapes.add_group_shape()
    group.shapes.add_textbox(0, Inches(5), Inches(4), Inches(1)).text_frame.text = GARDEN
    found = parsed(saved(presentation), PPTX)
    assert tables(found) == ["| Name | Preis |\n| Rose | 3 € |", "|  | Besucher |\n| Mai | 40 |\n| Juni | 62.5 |"]
    assert GARDEN in found.text
