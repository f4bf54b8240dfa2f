"""Pictures for the README and the documentation, not a test: `make pictures` takes them anew."""

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from urllib.parse import urljoin

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, enter
from tests.browser.files import ENGLISH_PAGES, PAGES, handbook
from tests.browser.test_journey import READY
from tests.run.instance import Instance

PICTURES = Path(__file__).resolve().parent.parent.parent / "docs" / "img"
LARGEST = 150_000  # bytes
QUESTIONS = {
    "en": ("How many days of leave do I have, and what happens to the rest?", "Staff handbook"),
    "de": ("Bis wann melde ich mich krank?", "Handbuch"),
}
OpenAs = Callable[..., Page]


def take(page: Page, name: str) -> None:
    """Without loss, and small, because large areas have one colour."""
    page.mouse.move(0, 0)
    with Image.open(BytesIO(page.screenshot(animations="disabled", caret="hide"))) as picture:
        picture.convert("RGB").save(PICTURES / f"{name}.webp", lossless=True, quality=100, method=6)


def go(page: Page, address: str) -> None:
    page.goto(urljoin(page.url, address))


@pytest.fixture(scope="module")
def states(house: Instance, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Mira and Jonas, with a history."""
    states = {}
    for language, name in {"en": "Mira", "de": "Jonas"}.items():
        states[language] = enter(house, tmp_path_factory.mktemp(name), name)
        code = "from tests.browser.exhibition import exhibit; exhibit({!r}, {!r})"
        email = f"{name.lower()}@example.org"
        shown = house.manage("shell", "--no-imports", "-c", code.format(email, language))
        assert shown.returncode == 0, shown.stderr
    return states


@pytest.fixture
def open_as(open_page: OpenPage, states: dict[str, Path]) -> OpenAs:
    def open_as(language: str, scheme: str, address: str = "/", width: int = 1280) -> Page:
        return open_page(address, storage_state=states[language], locale=language, color_scheme=scheme, width=width)

    return open_as


def fill(page: Page, folder: Path, language: str) -> None:
    """The handbook into its collection, unless it is there."""
    go(page, "/knowledge/")
    page.get_by_role("link", name=QUESTIONS[language][1], exact=True).click()
    if page.locator(".documents tbody tr, table tbody tr").count():
        return
    name, pages = {"en": ("Staff Handbook.pdf", ENGLISH_PAGES), "de": ("Handbuch.pdf", PAGES)}[language]
    flowing = [re.sub(r"(?<!\n)\n(?!\n)", " ", text) for text in pages]
    page.locator("#files").set_input_files(handbook(folder / name, flowing))
    expect(page.get_by_role("row", name=name)).to_contain_text({"en": "ready", "de": "bereit"}[language], timeout=READY)


def ask_the_handbook(page: Page, language: str) -> None:
    question, collection = QUESTIONS[language]
    go(page, "/")
    page.locator(".picker > summary").click()
    page.locator(".picker-panel label", has_text=collection).locator("input").check()
    page.keyboard.press("Escape")
    page.locator("select[name=model]").select_option("librarian")
    page.locator("#text").fill(question)
    page.locator("#send").click()
    page.locator("article[data-status=done] .citation").first.wait_for(timeout=READY)


@pytest.mark.pictures
def test_take_those_in_english(open_as: OpenAs, tmp_path: Path) -> None:
    page = open_as("en", "light")
    fill(page, tmp_path, "en")
    ask_the_handbook(page, "en")
    take(page, "answer")
    address = page.locator(".citation").first.get_attribute("href")
    conversation = page.url
    page.locator(".citation").first.click()
    page.locator(".panel mark").first.wait_for()
    page.locator(".panel img").first.evaluate("(image) => image.decode()")
    take(page, "source")
    go(page, f"{conversation}share/")
    page.get_by_label("Everyone").check()
    page.locator("main form button.button-primary").first.click()
    take(page, "share")
    go(page, "/search/?q=grants")
    take(page, "search")
    go(page, "/knowledge/")
    take(page, "knowledge")
    page.locator("#conversations .folder > summary").first.click()
    page.locator("#conversations .folder li:last-child > a").first.click()
    take(page, "project")
    page.keyboard.press("Control+k")
    page.locator("#palette-input").press_sequentially("grant")
    page.locator("#palette-list mark").first.wait_for()
    take(page, "palette")
    dark = open_as("en", "dark", str(address))
    dark.locator("mark").first.wait_for()
    dark.locator(".viewer img").first.evaluate("(image) => image.decode()")
    take(dark, "viewer-dark")


@pytest.mark.pictures
def test_take_those_in_german(open_as: OpenAs, tmp_path: Path) -> None:
    page = open_as("de", "dark")
    fill(page, tmp_path, "de")
    ask_the_handbook(page, "de")
    take(page, "answer-dark-german")
    address = page.url
    phone = open_as("de", "light", address.partition("/c/")[1] + address.partition("/c/")[2], width=390)
    phone.locator(".citation").first.wait_for()
    take(phone, "phone")


def test_every_picture_is_small_and_shown_somewhere() -> None:
    root = PICTURES.parent.parent
    written = "".join(path.read_text() for path in [root / "README.md", *root.glob("docs/**/*.md")])
    for picture in PICTURES.iterdir():
        assert f"img/{picture.name}" in written and picture.stat().st_size <= LARGEST, picture.name
