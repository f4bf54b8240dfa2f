"""Pictures for the README, not a test: `make pictures` takes them anew."""

from pathlib import Path

import pytest

from tests.browser.conftest import OpenPage
from tests.browser.test_journey import READY

pytestmark = pytest.mark.pictures
PICTURES = Path(__file__).resolve().parent.parent.parent / "docs" / "img"


@pytest.mark.parametrize(
    ("name", "language", "scheme", "width", "question"),
    [
        ("light", "en", "light", 1280, "Wie viele Tage Urlaub habe ich im Jahr?"),
        ("dark", "de", "dark", 1280, "Bis wann melde ich mich krank?"),
        ("phone", "de", "light", 390, "Wie hoch ist das Tagegeld?"),
    ],
)
def test_take_pictures(
    open_page: OpenPage, handbook_pdf: Path, name: str, language: str, scheme: str, width: int, question: str
) -> None:
    page = open_page(locale=language, color_scheme=scheme, width=width)
    page.locator("#files").set_input_files(handbook_pdf)
    page.locator(".chip[data-status=ready]").wait_for(timeout=READY)
    page.locator("#text").fill(question)
    page.locator("#send").click()
    page.locator("article[data-status=done] .citation").first.wait_for(timeout=READY)
    page.screenshot(path=PICTURES / f"answer-{name}.png")
    page.locator(".citation").first.click()
    page.locator("mark").first.wait_for()
    page.screenshot(path=PICTURES / f"passage-{name}.png")
