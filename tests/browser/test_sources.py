"""An answer's sources: beside the conversation and on their own page, marked where the words stand."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.files import leave, place_of
from tests.browser.test_journey import READY
from tests.browser.test_looks import check
from tests.fake_upstream import FakeUpstream
from tests.rag.files import word

pytestmark = pytest.mark.browser
QUESTION, PASSAGE = "Wie viele Tage Urlaub habe ich im Jahr?", "Der Jahresurlaub beträgt 30 Arbeitstage."
SHOTS = os.environ.get("SHOTS")


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.wait_for_timeout(300)
        page.screenshot(path=f"{SHOTS}/{name}.png")


def asked(page: Page, *files: Path, question: str = QUESTION, model: str = "librarian") -> None:
    page.locator("#files").set_input_files(files)
    expect(page.locator(".chip[data-status=ready]")).to_have_count(len(files), timeout=READY)
    page.locator("[name=model]").select_option(model)
    page.locator("#text").fill(question)
    page.locator("#send").click()
    expect(page.locator("article[data-status=done]")).to_have_count(2, timeout=READY)


def parts(box: Locator, picture: Locator) -> tuple[float, float, float, float]:
    inner, outer = box.bounding_box(), picture.bounding_box()
    assert inner and outer
    left, top = (inner["x"] - outer["x"]) / outer["width"], (inner["y"] - outer["y"]) / outer["height"]
    return left, top, left + inner["width"] / outer["width"], top + inner["height"] / outer["height"]


def is_yellow(page: Page, box: Locator) -> bool:
    """Whether the screenshot is marked there."""
    place = box.bounding_box()
    assert place
    picture = Image.open(io.BytesIO(page.screenshot(clip=place))).convert("RGB")
    pixels = zip(*(picture.getchannel(band).tobytes() for band in "RGB"), strict=True)
    marked = sum(red > 200 and green > 150 and blue < 140 for red, green, blue in pixels)
    return marked > picture.width * picture.height / 2


def test_the_box_on_the_page_covers_exactly_the_words(open_page: OpenPage, handbook_pdf: Path) -> None:
    page = open_page()
    asked(page, handbook_pdf)
    shot(page, "answer-light")
    page.get_by_role("link", name="Source 1").first.click()
    box, picture = page.locator(".viewer-sheet path"), page.locator(".viewer-sheet img")
    expect(box.first).to_be_in_viewport()
    expect(page.locator("mark", has_text="Der Jahresurlaub")).to_be_in_viewport()
    shot(page, "panel-light")
    wanted, found = place_of(handbook_pdf, 2, PASSAGE), parts(box.first, picture)
    assert all(abs(one - other) < 0.02 for one, other in zip(wanted[:2], found[:2], strict=True)), (wanted, found)
    assert found[3] >= wanted[3] - 0.005 and found[2] >= wanted[2] - 0.005
    assert is_yellow(page, box.first)
    check(page)


def test_pages_and_sources_are_turned_by_keys_and_escape_leads_back(
    open_page: OpenPage, handbook_pdf: Path, tmp_path: Path, upstream: FakeUpstream
) -> None:
    upstream.reply("Es sind 30 Tage [1]. Sonderurlaub: einer [2].")
    page = open_page()
    asked(page, handbook_pdf, leave(tmp_path / "Leave.md"), model="parrot")
    source = page.get_by_role("link", name="Source 1").first
    source.click()
    field = page.get_by_label("Page", exact=True)
    panel = page.get_by_role("complementary", name="Source")
    expect(panel.get_by_text("Source 1", exact=True)).to_be_visible()
    before = int(field.input_value())
    page.keyboard.press("ArrowLeft" if before == 3 else "ArrowRight")
    expect(field).to_have_value(str(2 if before == 3 else before + 1))
    page.keyboard.press("n")
    expect(panel.get_by_text("Source 2", exact=True)).to_be_visible()
    shot(page, "panel-markdown")
    page.keyboard.press("p")
    expect(panel.get_by_text("Source 1", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(source).to_be_focused()


def test_letters_typed_into_a_field_turn_nothing(open_page: OpenPage, handbook_pdf: Path) -> None:
    page = open_page()
    asked(page, handbook_pdf)
    page.get_by_role("link", name="Source 1").first.click()
    field = page.get_by_label("Page", exact=True)
    field.fill("1")
    field.press("ArrowRight")
    expect(field).to_have_value("1")
    field.press("Enter")
    expect(page.locator(".viewer-text")).to_contain_text("Kernzeit")


@pytest.mark.parametrize(
    ("language", "scheme", "width"),
    [("en", "light", 1500), ("de", "dark", 1280), ("de", "dark", 390), ("en", "light", 390)],
)
def test_a_page_of_its_own_is_readable_everywhere(
    open_page: OpenPage, handbook_pdf: Path, language: str, scheme: str, width: int
) -> None:
    page = open_page(locale=language, color_scheme=scheme, width=width)
    asked(page, handbook_pdf)
    shot(page, f"answer-{language}-{scheme}-{width}")
    page.goto(page.url.split("/c/")[0] + str(page.locator(".citation").first.get_attribute("href")))
    expect(page.locator(".viewer-sheet path").first).to_be_in_viewport()
    expect(page.locator("mark").first).to_be_in_viewport()
    shot(page, f"page-{language}-{scheme}-{width}")
    check(page)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".viewer-text")).to_contain_text("Tagegeld")
    page.keyboard.press("k")
    expect(page.locator("mark").first).to_be_in_viewport()
    page.keyboard.press("+")
    expect(page.locator(".zoom-150")).to_be_visible()
    shot(page, f"zoom-{language}-{scheme}-{width}")
    check(page)


def test_it_works_without_script(open_page: OpenPage, handbook_pdf: Path) -> None:
    page = open_page()
    asked(page, handbook_pdf)
    plain = open_page(page.url.split("127.0.0.1")[1].split("/", 1)[1].join(["/", ""]), java_script_enabled=False)
    plain.get_by_role("link", name="Source 1").first.click()
    expect(plain.locator("mark").first).to_be_visible()
    expect(plain.locator(".viewer-sheet path").first).to_be_attached()
    plain.get_by_role("link", name="Next page").click()
    expect(plain.locator(".viewer-text")).to_contain_text("Tagegeld")
    plain.get_by_label("Page", exact=True).fill("1")
    plain.get_by_label("Page", exact=True).press("Enter")
    expect(plain.locator(".viewer-text")).to_contain_text("Kernzeit")
    plain.get_by_role("link", name="Back to the answer").click()
    expect(plain.get_by_role("textbox", name="Message")).to_be_visible()


def test_a_control_click_opens_a_tab_as_ever(open_page: OpenPage, handbook_pdf: Path) -> None:
    page = open_page()
    asked(page, handbook_pdf)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Source 1").first.click(modifiers=["ControlOrMeta"])
    expect(opened.value.locator("mark").first).to_be_visible()
    expect(page.locator("#panel")).to_be_hidden()


def test_a_citation_tells_where_it_leads(open_page: OpenPage, handbook_pdf: Path) -> None:
    page = open_page()
    asked(page, handbook_pdf)
    page.get_by_role("link", name="Source 1").first.hover()
    expect(page.locator(".hovercard")).to_contain_text("Handbuch.pdf, page 2")
    expect(page.locator(".hovercard")).to_contain_text("Jahresurlaub")
    shot(page, "hovercard")
    page.keyboard.press("Escape")
    expect(page.locator(".hovercard")).to_be_hidden()


@pytest.mark.parametrize(("language", "scheme", "width"), [("en", "light", 1280), ("de", "dark", 390)])
def test_what_the_sources_do_not_say_is_marked_and_explained(
    open_page: OpenPage, handbook_pdf: Path, upstream: FakeUpstream, language: str, scheme: str, width: int
) -> None:
    upstream.reply(
        "Im Jahr gibt es **30 Arbeitstage** Urlaub [1]. Sie verfallen am 30. Juni [1]. Für einen Umzug gibt es einen "
        "Tag Sonderurlaub [1].\n\n- Der Betriebsrat muss jedem Antrag zustimmen [1]."
    )
    page = open_page(locale=language, color_scheme=scheme, width=width)
    asked(page, handbook_pdf, model="parrot")
    expect(page.locator(".doubt-sign")).to_have_count(2)
    expect(page.locator(".support summary")).to_contain_text("2")
    page.locator(".support summary").click()
    page.locator(".searched summary").click()
    page.locator(".doubt-sign").first.focus()
    expect(page.locator(".hovercard")).to_contain_text("Zahl" if language == "de" else "number")
    shot(page, f"doubts-{language}-{scheme}-{width}")
    check(page)
    page.keyboard.press("Escape")
    before = page.locator("article .prose").last.inner_html()
    page.reload()
    assert page.locator("article .prose").last.inner_html() == before


def test_the_passage_is_marked_in_the_structure_of_a_text(
    open_page: OpenPage, tmp_path: Path, upstream: FakeUpstream
) -> None:
    upstream.reply("Moving house gives one day [1].")
    page = open_page()
    asked(page, leave(tmp_path / "Leave.md"), question="How many days for moving house?", model="parrot")
    page.get_by_role("link", name="Source 1").first.click()
    panel = page.get_by_role("complementary", name="Source")
    expect(panel.locator("li mark", has_text="Moving house").first).to_be_in_viewport()
    expect(panel.get_by_role("columnheader", name="Reason")).to_be_attached()
    shot(page, "panel-structure")
    check(page)


def test_a_word_document_is_shown_with_its_headings_and_tables(
    open_page: OpenPage, tmp_path: Path, upstream: FakeUpstream
) -> None:
    path = tmp_path / "Reisen.docx"
    text = ("Heading 1", "Dienstreisen"), ("Normal", "Das Tagegeld beträgt 28 Euro.")
    path.write_bytes(word(*text, table=[["Land", "Satz"], ["Italien", "40"]]))
    upstream.reply("Es sind 28 Euro [1].")
    page = open_page("/", locale="de", color_scheme="dark", width=390)
    asked(page, path, question="Wie hoch ist das Tagegeld?", model="parrot")
    page.get_by_role("link", name="Quelle 1").first.click()
    expect(page.locator("mark", has_text="28 Euro")).to_be_in_viewport()
    expect(page.get_by_role("heading", name="Dienstreisen")).to_be_visible()
    shot(page, "docx-phone")
    check(page)


def test_what_is_copied_names_its_sources(open_page: OpenPage, handbook_pdf: Path) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    asked(page, handbook_pdf)
    page.get_by_role("button", name="Copy").last.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "Bescheinigung benötigt. [1]" in copied and "\n[1] Handbuch.pdf, page 2" in copied
