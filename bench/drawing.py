"""A picture of the cost over the size of a corpus, as SVG. Pure."""

from collections.abc import Sequence
from math import log10

STYLE = "text{font:13px sans-serif;fill:#777}line{stroke:#999}polyline{fill:none;stroke-width:2}"
KINDS = {"p95": ("slowest of twenty", "#d9730d"), "p50": ("half of the searches", "#0b6b63")}
LEFT, RIGHT, TOP, BOTTOM = 60, 600, 30, 210
LEGEND = 40  # pixels below the axis


def drawn(rows: Sequence[dict[str, float]]) -> str:
    """Milliseconds a search against chunks, which are spaced by their logarithm."""
    highest = max(row["p95"] for row in rows)
    step = next(step for step in (5, 10, 20, 50, 100, 200, 500, 1000, 10_000) if highest / step <= 5)
    top = step * -(-highest // step)
    places = [log10(row["chunks"]) for row in rows]
    width = max(places[-1] - places[0], 1)
    across = [LEFT + 30 + (place - places[0]) / width * (RIGHT - LEFT - 60) for place in places]

    def height(milliseconds: float) -> float:
        return BOTTOM - milliseconds / top * (BOTTOM - TOP)

    grid = "".join(
        f'<line x1="{LEFT}" x2="{RIGHT}" y1="{height(mark):.0f}" y2="{height(mark):.0f}" stroke-opacity="0.4"/>'
        f'<text x="{LEFT - 8}" y="{height(mark) + 4:.0f}" text-anchor="end">{mark:.0f} ms</text>'
        for mark in (step * number for number in range(int(top // step) + 1))
    )
    sizes = "".join(
        f'<text x="{x:.0f}" y="{BOTTOM + 18}" text-anchor="middle">{row["chunks"]:,.0f}</text>'
        for x, row in zip(across, rows, strict=True)
    )
    lines = ""
    for number, (kind, (words, colour)) in enumerate(KINDS.items()):
        points = [(x, height(row[kind])) for x, row in zip(across, rows, strict=True)]
        lines += f'<polyline stroke="{colour}" points="{" ".join(f"{x:.0f},{y:.0f}" for x, y in points)}"/>'
        lines += "".join(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="4" fill="{colour}"/>' for x, y in points)
        x, y = LEFT + 30 + number * 200, BOTTOM + LEGEND
        lines += f'<circle cx="{x}" cy="{y - 4}" r="4" fill="{colour}"/><text x="{x + 10}" y="{y}">{words}</text>'
    title = f'<text x="{LEFT}" y="16">A search, embedding included, by chunks searched</text>'
    content = f"<style>{STYLE}</style>{title}{grid}{sizes}{lines}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 660 {BOTTOM + LEGEND + 14}">{content}</svg>\n'
