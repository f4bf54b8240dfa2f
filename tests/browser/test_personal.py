"""What a person chooses for themselves, as they meet it: large text, whole answers, notifications, memory."""

import os
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, enter, follow
from tests.browser.test_journey import READY, ask
from tests.browser.test_looks import check
from tests.fake_upstream import FakeUpstream
from tests.run.instance import Instance

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("PICTURES")  # a folder, to look at what the tests see
# what headless Chromium does not show is written down; `answers` is what the person says when asked
NOTIFICATION = """
window.told = []; window.timesAsked = 0;
window.Notification = class {
  static permission = %r;
  static async requestPermission() { window.timesAsked += 1; return (this.permission = %r); }
  constructor(title, options) { window.told.push(title + ": " + options.body); }
};
"""
WATCH = """
window.announced = []; window.shown = [];
new MutationObserver(() => {
  announced.push(document.querySelector("#announce").textContent);
}).observe(document.querySelector("#announce"), { childList: true, characterData: true, subtree: true });
new MutationObserver(() => {
  const text = document.querySelector("[aria-busy] .prose")?.innerText;
  if (text) shown.push(text);
}).observe(document.querySelector("#messages"), { childList: true, characterData: true, subtree: true });
"""


@pytest.fixture(scope="module")
def olga(house: Instance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return enter(house, tmp_path_factory.mktemp("olga"), "Olga")


def go(page: Page, address: str) -> None:
    page.goto(urljoin(page.url, address))


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def choose_model(page: Page, name: str = "parrot") -> None:
    page.locator("select[name=model]").select_option(name)


def test_the_largest_text_fits_a_phone(open_page: OpenPage, olga: Path, upstream: FakeUpstream) -> None:
    page = open_page("/accounts/preferences/", storage_state=olga, locale="de", color_scheme="dark", width=390)
    before = page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
    page.get_by_label("Schriftgröße").select_option("150")
    page.get_by_role("button", name="Speichern").click()
    expect(page.get_by_text("Gespeichert.")).to_be_visible()
    assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") == before * 1.5
    for name, address in {"preferences": "", "memory": "/memory/", "home": "/", "knowledge": "/knowledge/"}.items():
        go(page, address)
        picture(page, f"largest-{name}")
        check(page)
    choose_model(page) if page.locator("select[name=model]").count() else go(page, "/")
    choose_model(page)
    upstream.reply("Um **neun** Uhr.")
    page.locator("#text").fill("Wann öffnet das Haus?")
    page.locator("#send").click()
    expect(page.locator("article[data-status=done]")).to_have_count(2, timeout=READY)
    picture(page, "largest-answer")
    check(page)
    page.set_viewport_size({"width": 1000, "height": 700})
    check(page)
    picture(page, "largest-answer-1000")
    go(page, "/accounts/preferences/")
    page.get_by_label("Schriftgröße").select_option("100")
    page.get_by_role("button", name="Speichern").click()


def test_a_whole_answer_appears_at_once_and_is_announced_once(
    open_page: OpenPage, olga: Path, upstream: FakeUpstream
) -> None:
    page = open_page("/accounts/preferences/", storage_state=olga)
    page.get_by_label("Show an answer only when it is complete").check()
    page.get_by_role("button", name="Save").click()
    for address in ("/", "/temporary/"):
        go(page, address)
        page.evaluate(WATCH)
        choose_model(page)
        upstream.reply("Wort " * 40, delay=0.03)
        ask(page, "Viele Wörter?")
        expect(page.locator("article[aria-busy]")).to_be_visible()
        expect(page.locator("#announce")).to_have_text("The answer is complete.", timeout=READY)
        expect(page.locator("article").last).to_contain_text("Wort Wort")
        assert page.evaluate("shown") == []
        assert page.evaluate("announced").count("The answer is complete.") == 1
        page.evaluate("window.onbeforeunload = null")


def test_the_browser_is_asked_when_the_switch_is_pressed_and_tells_in_the_background(
    open_page: OpenPage, olga: Path, upstream: FakeUpstream
) -> None:
    page = open_page("/accounts/preferences/", storage_state=olga)
    page.context.add_init_script(NOTIFICATION % ("default", "granted"))
    page.reload()
    assert page.evaluate("timesAsked") == 0
    page.get_by_label("Notify me").check()
    assert page.evaluate("timesAsked") == 1
    follow(page, page.get_by_role("button", name="Save"))
    page.context.add_init_script(NOTIFICATION % ("granted", "granted"))
    go(page, "/")
    for is_hidden, told in ((False, []), (True, ["Voliere: The answer is complete."])):
        page.evaluate(
            f"Object.defineProperty(document, 'hidden', {{ get: () => {str(is_hidden).lower()}, configurable: true }})"
        )
        choose_model(page)
        upstream.reply("Ein Geheimnis.")
        ask(page, "Was?")
        expect(page.locator("#announce")).to_have_text("The answer is complete.", timeout=READY)
        expect(page.locator("#send")).to_be_visible()
        assert page.evaluate("told") == told
        page.evaluate("document.querySelector('#announce').textContent = ''")


def test_a_refusal_is_told_where_the_switch_is(open_page: OpenPage, olga: Path) -> None:
    page = open_page("/accounts/preferences/", storage_state=olga)
    page.context.add_init_script(NOTIFICATION % ("default", "denied"))
    page.reload()
    page.get_by_label("Notify me").set_checked(False)
    page.get_by_label("Notify me").click()
    expect(page.get_by_text("This browser does not allow Voliere to notify you.")).to_be_visible()
    expect(page.get_by_label("Notify me")).not_to_be_checked()
    check(page)


def test_memory_is_switched_on_filled_from_a_question_and_emptied(
    open_page: OpenPage, olga: Path, upstream: FakeUpstream
) -> None:
    page = open_page("/memory/", storage_state=olga)
    picture(page, "memory-off")
    check(page)
    follow(page, page.get_by_role("button", name="Switch on"))
    go(page, "/")
    choose_model(page)
    upstream.reply("Gern.")
    ask(page, "Ich arbeite im Tierheim.")
    expect(page.locator("article[data-status=done]")).to_have_count(2, timeout=READY)
    expect(page.locator(".personal-note")).to_have_count(0)
    page.get_by_role("link", name="Remember this").click()
    expect(page.get_by_label("Remember this")).to_have_value("Ich arbeite im Tierheim.")
    page.get_by_role("button", name="Remember", exact=True).click()
    expect(page.get_by_label("Sentence 1", exact=True)).to_have_value("Ich arbeite im Tierheim.")
    picture(page, "memory-on")
    check(page)
    go(page, "/")
    choose_model(page)
    upstream.reply("Um neun.")
    ask(page, "Wann öffnen wir?")
    note = page.get_by_role("link", name="Written with what Voliere remembers of you.")
    expect(note).to_be_visible(timeout=READY)
    picture(page, "memory-answer")
    check(page)
    page.get_by_role("link", name="Written with what Voliere remembers of you.").click()
    page.get_by_text("Delete everything…").click()
    page.get_by_role("button", name="Delete everything").click()
    expect(page.get_by_text("Nothing is remembered.", exact=True)).to_be_visible()
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("Memory is off.")).to_be_visible()


def test_all_of_it_works_without_script(open_page: OpenPage, olga: Path) -> None:
    page = open_page("/memory/", storage_state=olga, java_script_enabled=False)
    page.get_by_role("button", name="Switch on").click()
    page.get_by_label("Remember this").fill("Ich lese Listen gern.")
    page.get_by_role("button", name="Remember", exact=True).click()
    page.get_by_label("Sentence 1", exact=True).fill("Ich lese Tabellen gern.")
    page.get_by_role("button", name="Save sentence 1").click()
    expect(page.get_by_label("Sentence 1", exact=True)).to_have_value("Ich lese Tabellen gern.")
    page.get_by_role("button", name="Delete sentence 1").click()
    expect(page.get_by_text("Nothing is remembered.", exact=True)).to_be_visible()
    page.get_by_role("button", name="Switch off").click()


def test_who_wants_less_motion_sees_none(open_page: OpenPage, olga: Path, upstream: FakeUpstream) -> None:
    page = open_page("/", storage_state=olga, reduced_motion="reduce")
    choose_model(page)
    upstream.reply("Wort " * 50, delay=0.05)
    ask(page, "Viele Wörter?")
    pulse = page.locator(".pulse").first
    pulse.wait_for(state="attached")
    assert pulse.evaluate("(dot) => getComputedStyle(dot).animationDuration") == "1e-05s"
    expect(page.locator("#announce")).to_have_text("The answer is complete.", timeout=READY)
