"""What pages show once something has happened on them: axe finds nothing, nothing runs over (see test_every_page)."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, follow
from tests.browser.test_journey import READY

pytestmark = pytest.mark.browser
# rules of WCAG 2.2 A and AA, and what axe calls best practice
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def check(page: Page) -> None:
    found = Axe().run(page, options=RULES).response["violations"]
    assert [(rule["id"], node["target"], node["failureSummary"]) for rule in found for node in rule["nodes"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it runs over to the side"


@pytest.mark.parametrize(
    ("language", "scheme", "width", "source"),
    [("en", "light", 1280, "Source 1"), ("de", "dark", 390, "Quelle 1")],
)
def test_a_cited_answer_and_its_passage_are_accessible(
    open_page: OpenPage, handbook_pdf: Path, language: str, scheme: str, width: int, source: str
) -> None:
    page = open_page(locale=language, color_scheme=scheme, width=width)
    page.locator("#files").set_input_files(handbook_pdf)
    expect(page.locator(".chip[data-status=ready]")).to_be_visible(timeout=READY)
    page.locator("#text").fill("Ab wann brauche ich eine ärztliche Bescheinigung?")
    page.locator("#send").click()
    expect(page.locator("article[data-status=done]")).to_have_count(2, timeout=READY)
    check(page)
    page.get_by_role("link", name=source).first.click()
    expect(page.locator("mark").first).to_be_visible()
    check(page)


@pytest.mark.parametrize(("scheme", "width"), [("dark", 1280), ("light", 390)])
def test_a_filled_collection_is_accessible(open_page: OpenPage, handbook_pdf: Path, scheme: str, width: int) -> None:
    page = open_page("/knowledge/new/", color_scheme=scheme, width=width)
    page.get_by_label("Name").fill(f"Regeln {scheme}")
    page.get_by_role("button", name="Save").click()
    page.locator("#files").set_input_files(handbook_pdf)
    expect(page.get_by_role("row", name="Handbuch.pdf")).to_contain_text("ready", timeout=READY)
    check(page)
    follow(page, page.get_by_role("main").get_by_role("link", name="Delete", exact=True))
    check(page)


def test_on_a_phone_the_navigation_opens_and_closes(open_page: OpenPage) -> None:
    page = open_page(width=390)
    expect(page.get_by_role("link", name="Knowledge")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Knowledge").click()
    expect(page.get_by_role("heading", name="Knowledge")).to_be_visible()


def test_a_person_chooses_language_and_theme(open_page: OpenPage) -> None:
    page = open_page("/accounts/preferences/")
    page.get_by_label("Language").select_option("de")
    page.get_by_label("Theme").select_option("dark")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Einstellungen")).to_be_visible()
    expect(page.locator("body")).to_have_css("background-color", "rgb(20, 25, 27)")
    page.get_by_label("Sprache").select_option("")
    page.get_by_label("Darstellung").select_option("system")
    page.get_by_role("button", name="Speichern").click()
    expect(page.get_by_role("heading", name="Preferences")).to_be_visible()
