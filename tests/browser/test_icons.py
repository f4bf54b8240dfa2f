"""The icons of an installed Voliere, drawn from the one sign: `make pictures` draws them anew."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser

STATIC = Path(__file__).resolve().parent.parent.parent / "static" / "img"
# size, share of it that the sign takes, and the radius of the corners: a mask cuts off all but the inner four fifths
ICONS = {"icon-192": (192, 0.72, 40), "icon-512": (512, 0.72, 108), "mask-512": (512, 0.52, 0)}
PAGE = """<body style="margin:0;background:transparent">
<div style="width:{size}px;height:{size}px;border-radius:{radius}px;
background:#f7f6f2;display:grid;place-items:center"><div style="width:{sign}px;height:{sign}px">{svg}</div></div>"""


@pytest.mark.pictures
@pytest.mark.parametrize("name", ICONS)
def test_draw_an_icon(browser: Browser, name: str) -> None:
    size, share, radius = ICONS[name]
    page = browser.new_page(viewport={"width": size, "height": size})
    svg = (STATIC / "voliere.svg").read_text()
    page.set_content(PAGE.format(size=size, radius=radius, sign=round(size * share), svg=svg))
    page.screenshot(path=STATIC / f"{name}.png", omit_background=True)
    page.close()


@pytest.mark.parametrize("name", ICONS)
def test_an_icon_has_the_size_it_is_said_to_have(name: str) -> None:
    with Image.open(STATIC / f"{name}.png") as icon:
        assert icon.size == (ICONS[name][0],) * 2 and icon.format == "PNG"
    assert (STATIC / f"{name}.png").stat().st_size < 30_000
