"""An answer with everything in it, as a person sees it: in both languages and themes, on a desk and on a phone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_journey import READY, ask
from tests.browser.test_looks import check
from tests.fake_upstream import FakeUpstream

pytestmark = pytest.mark.browser
EVERYTHING = Path(__file__).with_name("everything.md").read_text(encoding="utf-8")
THOUGHTS = "<think>Die Frage gilt der Brutpflege. Ich rechne den Bedarf aus und schreibe ein Beispiel.</think>"


@pytest.fixture
def everything(open_page: OpenPage, upstream: FakeUpstream) -> Callable[..., Page]:
    def answered(**options: object) -> Page:
        upstream.reply(THOUGHTS + EVERYTHING, delay=0.002)
        page = open_page(**options)
        page.locator("select[name=model]").select_option("parrot")
        ask(page, "Wie viel Futter brauchen unsere Stare?")
        expect(page.locator("article[data-status=done]").last).to_contain_text("Ringfund", timeout=READY)
        return page

    return answered


@pytest.mark.parametrize(
    ("language", "scheme", "width"),
    [("en", "light", 1280), ("de", "dark", 1280), ("de", "light", 390), ("en", "dark", 390)],
)
def test_an_answer_with_everything_is_accessible(
    everything: Callable[..., Page], language: str, scheme: str, width: int, tmp_path: Path
) -> None:
    page = everything(locale=language, color_scheme=scheme, width=width)
    check(page)
    page.locator("summary", has_text="s").locator("visible=true").last.click()
    page.set_viewport_size({"width": width, "height": 2600})
    page.screenshot(path=tmp_path / f"everything-{language}-{scheme}-{width}.png")


def test_thoughts_are_folded_and_can_be_opened(everything: Callable[..., Page]) -> None:
    page = everything()
    expect(page.get_by_text("Brutpflege", exact=False).first).to_be_hidden()
    page.get_by_text("Thought for").click()
    expect(page.get_by_text("Die Frage gilt der Brutpflege.")).to_be_visible()


def test_code_is_copied_by_its_button(everything: Callable[..., Page]) -> None:
    page = everything(permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy code").first.click()
    expect(page.locator("#announce")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith("def bedarf(")
