"""Presentations slide by slide: the title first, then what stands from top to bottom, tables, charts, notes.

A hidden slide counts, so that numbers stay those of the program, but is not read.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pptx import Presentation
from pptx.enum.shapes import MSO_SHAPE_TYPE

from rag.parsers import archives
from rag.parsers.composing import Block, composed, paged
from rag.parsers.parsed import MAX_PAGES, Parsed, ParsingFailed
from rag.parsers.tables import table

DEEPEST_GROUP = 8
DIAGRAM_TEXT = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}pt"


def read(path: Path) -> Parsed:
    archives.check(path, {"[Content_Types].xml", "ppt/presentation.xml"})
    slides = Presentation(str(path)).slides
    if len(slides) > MAX_PAGES:
        raise ParsingFailed("too_many_pages")
    return paged((composed(_slide(slide)) for slide in slides), "slide")


def _slide(slide: Any) -> Iterator[Block]:
    if slide._element.get("show") in ("0", "false"):
        return
    title = slide.shapes.title
    if title is not None:
        yield Block(" ".join(title.text_frame.text.split()), "heading")
    for shape in sorted(slide.shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        if title is None or shape.shape_id != title.shape_id:
            yield from _shape(shape, 0)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        yield Block(slide.notes_slide.notes_text_frame.text)


def _shape(shape: Any, depth: int) -> Iterator[Block]:
    if shape.shape_type == MSO_SHAPE_TYPE.GROUP:
        if depth < DEEPEST_GROUP:
            for inner in shape.shapes:
                yield from _shape(inner, depth + 1)
    elif getattr(shape, "has_table", False):
        yield Block(table([cell.text for cell in row.cells] for row in shape.table.rows), "table")
    elif getattr(shape, "has_chart", False):
        yield Block(table(_chart(shape.chart)), "table")
    elif shape.has_text_frame:
        yield Block(_text(shape))


def _text(shape: Any) -> str:
    """The points of a list as items; what is one paragraph alone is none."""
    paragraphs = ((each.level, each.text.replace("\v", "\n").strip()) for each in shape.text_frame.paragraphs)
    filled = [(level, text) for level, text in paragraphs if text]
    if shape.is_placeholder and len(filled) > 1:
        return "\n".join(f"{'  ' * level}- {text}" for level, text in filled)
    return "\n".join(text for _, text in filled)


def _chart(chart: Any) -> Iterator[list[str]]:
    for plot in chart.plots:
        series = list(plot.series)
        yield ["", *(each.name for each in series)]
        columns = [list(each.values) for each in series]
        for index, category in enumerate(plot.categories):
            cells = (column[index] if index < len(column) else None for column in columns)
            yield [str(category), *("" if cell is None else f"{cell:.15g}" for cell in cells)]
