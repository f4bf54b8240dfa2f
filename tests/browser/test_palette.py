"""Quick access and shortcuts, by keyboard alone."""

import os
import re
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage, enter
from tests.browser.test_journey import READY, ask
from tests.browser.test_looks import check
from tests.fake_upstream import FakeUpstream
from tests.run.instance import Instance

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("PICTURES")  # a folder, to look at what the tests see


@pytest.fixture(scope="module")
def pia(house: Instance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return enter(house, tmp_path_factory.mktemp("pia"), "Pia")


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def opened(page: Page) -> Locator:
    expect(page.locator("#palette-open")).to_be_attached()
    expect(page.locator("li:has(> #palette-open)")).not_to_have_attribute("hidden", "")  # the script is there
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name=re.compile("Conversation, page|Unterhaltung, Seite"))
    expect(box).to_be_focused()
    return box


def chosen(page: Page) -> Locator:
    """What a screen reader is told: the option that the combobox names as its active one."""
    named = page.locator("#palette-input").get_attribute("aria-activedescendant")
    return page.locator(f"#{named}[role=option][aria-selected=true]")


def converse(page: Page, upstream: FakeUpstream, question: str, answer: str, title: str) -> None:
    page.goto(urljoin(page.url, "/"))
    page.locator("select[name=model]").select_option("parrot")
    upstream.reply(answer)
    upstream.entitle(question, title)
    page.locator("#text").fill(question)
    page.locator("#send").click()
    expect(page.locator(".chat-head h1")).to_have_text(title, timeout=READY)


@pytest.mark.parametrize(("language", "scheme", "width"), [("en", "light", 1280), ("de", "dark", 390)])
def test_a_conversation_is_found_by_its_words_and_opened(
    open_page: OpenPage, pia: Path, upstream: FakeUpstream, language: str, scheme: str, width: int
) -> None:
    page = open_page(storage_state=pia, locale=language, color_scheme=scheme, width=width)
    converse(page, upstream, f"Was singt der Zeisig {width}?", "Er **zwitschert** lange.", f"Zeisig {width}")
    there = page.url
    page.goto(urljoin(page.url, "/knowledge/"))
    box = opened(page)
    expect(chosen(page)).to_contain_text("Zeisig")  # what was used last stands ready
    picture(page, f"palette-{language}-{width}")
    check(page)
    box.press_sequentially("zwitsch")
    expect(page.locator("#palette-list mark").first).to_have_text("zwitschert")
    picture(page, f"palette-found-{language}-{width}")
    check(page)
    expect(chosen(page)).to_contain_text("zwitschert")
    page.keyboard.press("Enter")
    expect(page.locator("article:target")).to_contain_text("zwitschert")
    assert page.url.startswith(there) or width == 390  # the phone's search finds the desk's conversation as well


@pytest.mark.parametrize(
    ("language", "asked", "heading"), [("en", "einstell", "Preferences"), ("de", "settings", "Einst")]
)
def test_a_page_is_found_in_the_other_language(
    open_page: OpenPage, pia: Path, language: str, asked: str, heading: str
) -> None:
    page = open_page(storage_state=pia, locale=language)
    opened(page).press_sequentially(asked)
    expect(chosen(page)).to_contain_text(heading)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(heading)


def test_it_closes_on_escape_and_gives_the_focus_back(open_page: OpenPage, pia: Path) -> None:
    page = open_page("/memory/", storage_state=pia)
    page.get_by_role("button", name="Quick access").click()
    expect(page.get_by_role("dialog", name="Quick access")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Quick access")).to_be_hidden()
    expect(page.get_by_role("button", name="Quick access")).to_be_focused()


def test_arrows_turn_around_and_hostile_words_are_only_words(open_page: OpenPage, pia: Path) -> None:
    page = open_page(storage_state=pia)
    box = opened(page)
    first = chosen(page).inner_text()
    page.keyboard.press("ArrowUp")
    assert chosen(page).inner_text() != first
    page.keyboard.press("ArrowDown")
    assert chosen(page).inner_text() == first
    box.fill("<img src=x onerror=alert(1)>\"'#&?%")
    expect(chosen(page)).to_contain_text("<img src=x")
    page.keyboard.press("Enter")
    expect(page.get_by_role("searchbox")).to_have_value("<img src=x onerror=alert(1)>\"'#&?%")


def test_the_theme_changes_and_stays(open_page: OpenPage, pia: Path) -> None:
    page = open_page(storage_state=pia, color_scheme="light")
    opened(page).press_sequentially("dunkel")
    with page.expect_response("**/accounts/theme/"):
        page.keyboard.press("Enter")
    expect(page.locator("body")).to_have_css("background-color", "rgb(20, 25, 27)")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    opened(page).press_sequentially("light")
    with page.expect_response("**/accounts/theme/"):
        page.keyboard.press("Enter")


def test_a_new_chat_begins_in_a_project(open_page: OpenPage, pia: Path) -> None:
    page = open_page("/projects/new/", storage_state=pia)
    page.get_by_label("Name").fill("Sommerfest")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sommerfest")
    opened(page).press_sequentially("chat sommerf")
    expect(chosen(page)).to_have_text("New chat in “Sommerfest”")
    page.keyboard.press("Enter")
    expect(page.locator(".chat-project")).to_have_text("Sommerfest")


def test_single_keys_work_outside_of_fields_alone(open_page: OpenPage, pia: Path, upstream: FakeUpstream) -> None:
    page = open_page(storage_state=pia, permissions=["clipboard-read", "clipboard-write"])
    converse(page, upstream, "Wie heißt der Ara?", "Er heißt **Otto**.", "Der Ara")
    here = page.url
    page.locator("#text").press_sequentially("jknsc?/")
    expect(page.locator("#text")).to_have_value("jknsc?/")
    assert page.url == here
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.locator("#text").fill("")
    page.locator("#scroll").focus()
    page.keyboard.press("c")
    expect(page.locator("#announce")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "Er heißt Otto."
    page.keyboard.press("/")
    expect(page.locator("#text")).to_be_focused()
    expect(page.locator("#text")).to_have_value("")
    page.locator("#scroll").focus()
    page.keyboard.press("j")
    page.wait_for_url(lambda url: url != here)
    page.locator("#scroll").focus()
    page.keyboard.press("k")
    page.wait_for_url(here)
    page.locator("#scroll").focus()
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="What would you like to know?")).to_be_visible()


def test_an_answer_is_stopped_by_keys_and_the_message_reached(
    open_page: OpenPage, pia: Path, upstream: FakeUpstream
) -> None:
    page = open_page(storage_state=pia)
    page.locator("select[name=model]").select_option("parrot")
    upstream.reply("Wort " * 400, delay=0.05)
    ask(page, "Viele Wörter?")
    expect(page.locator("article[aria-busy]")).to_contain_text("Wort", timeout=READY)
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.press("Control+.")
    expect(page.locator("article[data-status=stopped]")).to_be_visible(timeout=READY)
    page.locator("#scroll").focus()
    page.keyboard.press("Shift+Escape")
    expect(page.locator("#text")).to_be_focused()


@pytest.mark.parametrize(("language", "scheme", "width"), [("en", "light", 1280), ("de", "dark", 390)])
def test_the_list_of_shortcuts_opens_by_its_key(
    open_page: OpenPage, pia: Path, language: str, scheme: str, width: int
) -> None:
    page = open_page("/memory/", storage_state=pia, locale=language, color_scheme=scheme, width=width)
    expect(page.locator("li:has(> #palette-open)")).not_to_have_attribute("hidden", "")
    page.locator("#content").focus()
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    picture(page, f"shortcuts-{language}-{width}")
    check(page)
    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts")).to_be_hidden()


def test_single_keys_can_be_switched_off_and_combinations_stay(open_page: OpenPage, pia: Path) -> None:
    page = open_page("/accounts/preferences/", storage_state=pia)
    page.get_by_label("Shortcuts of a single key").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.locator("#content").focus()
    page.keyboard.press("n")
    page.keyboard.press("?")
    opened(page).press_sequentially("kürzel")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Single keys are switched off.")).to_be_visible()
    assert "/accounts/preferences/" in page.url
    page.keyboard.press("Escape")
    page.get_by_label("Shortcuts of a single key").check()
    page.get_by_role("button", name="Save").click()


def test_without_script_there_is_no_button_for_it(open_page: OpenPage, pia: Path) -> None:
    page = open_page(storage_state=pia, java_script_enabled=False)
    expect(page.get_by_role("link", name="Search", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Quick access")).to_be_hidden()
