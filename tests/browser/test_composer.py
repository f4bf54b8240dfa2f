"""The composer by keyboard: prompts, collections, models, drafts, messages that wait, files."""

import os
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, follow
from tests.browser.test_journey import READY
from tests.browser.test_looks import check
from tests.fake_upstream import FakeUpstream

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("VOLIERE_PICTURES", "")


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def go(page: Page, address: str) -> None:
    page.goto(urljoin(page.url, address))


def make(page: Page, address: str, **fields: str) -> None:
    go(page, address)
    for name, value in fields.items():
        page.locator(f"[name={name}]").fill(value)
    page.get_by_role("main").locator("button[type=submit]").click()
    page.wait_for_url(lambda url: not url.endswith(address))


def begin(page: Page, upstream: FakeUpstream) -> None:
    """A conversation with `parrot`, whose first answer is there."""
    go(page, "/")
    page.locator("select[name=model]").select_option("parrot")
    upstream.reply("Um neun.")
    upstream.entitle("Wann öffnet das Haus?", "Öffnungszeiten")
    page.locator("#text").fill("Wann öffnet das Haus?")
    page.keyboard.press("Enter")
    expect(page.locator("article[data-status=done]")).to_have_count(2, timeout=READY)
    expect(page.locator(".chat-head h1")).to_have_text("Öffnungszeiten", timeout=READY)


@pytest.mark.parametrize(("language", "scheme", "width"), [("en", "light", 1280), ("de", "dark", 390)])
def test_a_prompt_is_found_by_keyboard_and_asks_for_its_places(
    open_page: OpenPage, language: str, scheme: str, width: int
) -> None:
    page = open_page(locale=language, color_scheme=scheme, width=width)
    name = f"Absage {language}"
    make(
        page, "/prompts/new/", title=name, text="An {{name}} ({{Ton: freundlich | knapp}}): {{Grund = keine Zeit}} <b>"
    )
    make(page, "/prompts/new/", title=f"Grußwort {language}", text="Grüße alle.")
    go(page, "/")
    text = page.locator("#text")
    text.press_sequentially("Bitte /")
    expect(page.get_by_role("listbox").get_by_role("option").nth(1)).to_be_visible()
    picture(page, f"prompts-{language}-{width}")
    check(page)
    text.press_sequentially(f"grußwort {language}")
    option = page.get_by_role("option", name=f"Grußwort {language}")
    expect(option).to_have_attribute("aria-selected", "true")
    assert text.get_attribute("aria-activedescendant") == option.get_attribute("id")
    page.keyboard.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    text.fill("")
    text.press_sequentially(f"/absage {language}")
    expect(page.get_by_role("option", name=name)).to_be_visible()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=name)
    expect(dialog.get_by_label("name")).to_be_focused()
    picture(page, f"filling-{language}-{width}")
    check(page)
    page.keyboard.type("<i>Bob</i> {{Grund}}")
    dialog.get_by_label("Ton").select_option("knapp")
    dialog.get_by_label("Grund").press("Enter")
    expect(text).to_be_focused()
    expect(text).to_have_value("An <i>Bob</i> {{Grund}} (knapp): keine Zeit <b>")
    expect(page.locator("article")).to_have_count(0)
    go(page, "/prompts/")
    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    check(page)
    page.get_by_role("main").locator("a[href*='?prompt=']").click()
    expect(page.get_by_role("dialog", name=name)).to_be_visible()
    page.keyboard.press("Escape")
    expect(text).to_have_value("An <i>Bob</i> {{Grund}} (knapp): keine Zeit <b>")  # the draft of before


def test_a_collection_is_called_by_at_and_stays_in_step(open_page: OpenPage) -> None:
    page = open_page()
    make(page, "/knowledge/new/", name="Satzung & Recht")
    make(page, "/knowledge/new/", name="Rundbriefe")
    go(page, "/")
    text = page.locator("#text")
    text.press_sequentially("Was steht in a@b und @satz")
    expect(page.get_by_role("option", name="Satzung & Recht")).to_be_visible()
    page.keyboard.press("Tab")
    expect(text).to_have_value("Was steht in a@b und ")
    chip = page.locator("#knowledge .chip")
    expect(chip).to_contain_text("Satzung & Recht")
    expect(page.locator("#chosen-count")).to_have_text("1")
    page.locator("summary", has_text="Knowledge").click()
    expect(page.get_by_label("Satzung & Recht", exact=True)).to_be_checked()
    picture(page, "mention")
    check(page)
    page.get_by_label("Rundbriefe").check()
    expect(chip).to_have_count(2)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Remove: Satzung & Recht").click()
    expect(chip).to_have_text("Rundbriefe×")
    expect(text).to_be_focused()


@pytest.mark.parametrize(("language", "scheme", "width"), [("en", "dark", 1280), ("de", "light", 390)])
def test_a_model_is_chosen_by_keyboard(
    open_page: OpenPage, upstream: FakeUpstream, language: str, scheme: str, width: int
) -> None:
    page = open_page(locale=language, color_scheme=scheme, width=width)
    button = page.locator(".model-button")
    button.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", name="parrot")).to_be_visible()
    picture(page, f"models-{language}-{width}")
    check(page)
    page.keyboard.type("parr")
    page.keyboard.press("Enter")
    expect(button).to_contain_text("parrot")
    expect(button).to_be_focused()
    expect(page.locator("select[name=model]")).to_have_value("parrot")
    page.keyboard.press("Enter")
    page.keyboard.press("Home")
    page.keyboard.press("Escape")
    expect(page.locator("#models")).to_be_hidden()
    expect(page.locator("select[name=model]")).to_have_value("parrot")


@pytest.mark.parametrize(("language", "scheme", "width"), [("en", "light", 1280), ("de", "dark", 390)])
def test_an_assistant_is_made_and_asked_by_its_starter(
    open_page: OpenPage, upstream: FakeUpstream, language: str, scheme: str, width: int
) -> None:
    page = open_page("/assistants/", locale=language, color_scheme=scheme, width=width)
    picture(page, f"assistants-empty-{language}-{width}")
    check(page)
    go(page, "/assistants/new/")
    check(page)
    picture(page, f"assistant-form-{language}-{width}")
    page.locator("[name=name]").fill(f"Fördermittel {language}")
    page.locator("[name=description]").fill("Kennt die Richtlinien und schreibt Anträge.")
    page.locator("[name=instructions]").fill("Antworte in einem Satz.")
    page.locator("[name=starters]").fill(
        "Was wird gefördert?\nWann ist die nächste Frist, und wer muss bis dahin was tun?"
    )
    page.locator("select[name=model]").select_option("parrot")
    page.get_by_role("main").locator("button[type=submit]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Fördermittel {language}")
    picture(page, f"assistant-{language}-{width}")
    check(page)
    follow(page, page.locator("a[href*='/share/']"))
    check(page)
    go(page, "/assistants/")
    picture(page, f"assistants-{language}-{width}")
    check(page)
    follow(page, page.locator(".offered .button").last)
    picture(page, f"assistant-chat-{language}-{width}")
    check(page)
    upstream.reply("Vieles.")
    page.get_by_role("button", name="Was wird gefördert?").click()
    expect(page.locator("article[data-status=done]")).to_have_count(2, timeout=READY)
    expect(page.locator(".message-author").last).to_contain_text("Fördermittel")
    expect(page.locator(".message-author").last).to_contain_text("parrot")
    assert any("Antworte in einem Satz." in str(call.body) for call in upstream.calls[-2:])  # the last asks for a title
    expect(page.locator(".model-button")).to_contain_text("Fördermittel")


def test_choosing_an_assistant_in_an_empty_chat_keeps_what_was_written(open_page: OpenPage) -> None:
    page = open_page()
    make(page, "/assistants/new/", name="Protokoll", starters="Schreibe ein Protokoll.")
    go(page, "/")
    page.locator("#text").fill("Noch nicht gesendet")
    page.locator("select[name=model]").select_option(label="Protokoll")
    expect(page.get_by_role("button", name="Schreibe ein Protokoll.")).to_be_visible()
    expect(page.locator("#text")).to_have_value("Noch nicht gesendet")


def test_a_draft_survives_a_reload_and_no_signing_out(open_page: OpenPage, upstream: FakeUpstream) -> None:
    page = open_page()
    begin(page, upstream)
    page.locator("#text").fill("Ein Entwurf")
    page.reload()
    expect(page.locator("#text")).to_have_value("Ein Entwurf")
    go(page, "/")
    expect(page.locator("#text")).to_have_value("")
    assert page.evaluate("Object.keys(localStorage).some((key) => key.startsWith('draft:'))")
    page.route("**/accounts/logout/", lambda route: route.fulfill(body="signed out"))  # Ada stays for other tests
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/logout/")
    page.unroute("**/accounts/logout/")
    go(page, "/")
    assert not page.evaluate("Object.keys(localStorage).some((key) => /^(draft|queue):/.test(key))")


def test_the_next_message_waits_is_edited_and_goes_when_the_answer_ends(
    open_page: OpenPage, upstream: FakeUpstream
) -> None:
    page = open_page()
    begin(page, upstream)
    upstream.reply("Von neun bis " + "sehr " * 20 + "spät.", delay=0.15)
    upstream.reply("Ja, eine.")
    text = page.locator("#text")
    text.fill("Wie lange?")
    text.press("Enter")
    expect(page.locator("#stop")).to_be_visible()
    expect(page.locator("#send")).to_be_hidden()
    for waits in ("Gibt es eine Rampe?", "Zu viel"):
        text.fill(waits)
        expect(page.locator("#send")).to_be_visible()
        text.press("Enter")
    chips = page.locator("#queue .chip")
    expect(chips).to_have_count(2)
    expect(text).to_have_value("")
    picture(page, "queue")
    check(page)
    page.get_by_role("button", name="Remove: Zu viel").click()
    page.reload()
    expect(chips).to_have_count(1)
    page.get_by_role("button", name="Edit: Gibt es eine Rampe?").click()
    expect(text).to_have_value("Gibt es eine Rampe?")
    text.press("End")
    page.keyboard.type(" Bitte.")
    page.keyboard.press("Enter")
    expect(chips).to_contain_text("Gibt es eine Rampe? Bitte.")
    expect(page.locator("article[data-status=done]")).to_have_count(6, timeout=READY)
    expect(page.locator(".bubble").last).to_have_text("Gibt es eine Rampe? Bitte.")
    expect(page.locator("article .prose").last).to_have_text("Ja, eine.")
    expect(chips).to_have_count(0)


def test_two_tabs_send_what_waits_once(open_page: OpenPage, upstream: FakeUpstream) -> None:
    page = open_page()
    begin(page, upstream)
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator("article")).to_have_count(2)
    upstream.reply("sehr " * 10 + "lange", delay=0.15)
    upstream.reply("Einmal.")
    page.locator("#text").fill("Wie lange?")
    page.locator("#text").press("Enter")
    page.locator("#text").fill("Wie oft?")
    page.locator("#text").press("Enter")
    expect(other.locator("#queue .chip")).to_contain_text("Wie oft?")
    for tab in (page, other):
        expect(tab.locator("article[data-status=done]")).to_have_count(6, timeout=READY)
        expect(tab.locator("#queue .chip")).to_have_count(0)
        expect(tab.locator(".bubble", has_text="Wie oft?")).to_have_count(1)


def test_after_a_failure_what_waits_is_sent_by_hand(open_page: OpenPage, upstream: FakeUpstream) -> None:
    page = open_page()
    begin(page, upstream)
    upstream.reply("sehr " * 12, delay=0.15, break_after=10)
    page.locator("#text").fill("Wie lange?")
    page.locator("#text").press("Enter")
    page.locator("#text").fill("Und dann?")
    page.locator("#text").press("Enter")
    expect(page.locator("article[data-status=failed]")).to_be_visible(timeout=READY)
    expect(page.locator("#queue .chip")).to_contain_text("Und dann?")
    upstream.reply("Dann das.")
    page.locator("#send").click()
    expect(page.locator("article .prose").last).to_have_text("Dann das.", timeout=READY)
    expect(page.locator("#queue .chip")).to_have_count(0)


def test_enter_that_ends_a_composition_sends_nothing(open_page: OpenPage) -> None:
    page = open_page()
    page.locator("#text").fill("にほん")
    for more in ("isComposing: true", "keyCode: 229"):
        page.locator("#text").evaluate(
            f"(field) => field.dispatchEvent(new KeyboardEvent('keydown', {{key: 'Enter', bubbles: true, {more}}}))"
        )
    expect(page.locator("#text")).to_have_value("にほん")
    expect(page.locator("article")).to_have_count(0)


def test_files_are_dropped_pasted_and_taken_back(open_page: OpenPage) -> None:
    page = open_page()
    give = """([kind, target, name, html]) => {
        const data = new DataTransfer();
        data.items.add(new File([`Das ist ${name}.`], name, { type: "text/plain" }));
        if (html) { data.setData("text/html", html); data.setData("text/plain", "Tabelle"); }
        const event = kind === "drop"
            ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
            : new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
        document.querySelector(target).dispatchEvent(event);
    }"""
    page.evaluate(give, ["drop", "main", "haus.txt", ""])
    page.evaluate(give, ["paste", "#text", "hof.txt", ""])
    page.evaluate(give, ["paste", "#text", "tabelle.txt", "<table>"])
    chips = page.locator("#chips .chip")
    expect(chips).to_have_count(2)
    expect(chips.first).to_contain_text("ready", timeout=READY)
    expect(chips.last).to_contain_text("ready", timeout=READY)
    page.get_by_role("button", name="Remove: haus.txt").click()
    expect(chips).to_have_count(1)


def test_the_same_file_once_more_is_named_and_taken_back_once(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page()
    for name in ("haus.txt", "kopie.txt"):
        (tmp_path / name).write_text("Das Haus öffnet um neun.")
        page.locator("#files").set_input_files(tmp_path / name)
        expect(page.locator("#chips")).to_contain_text(
            f"{name} {'ready' if name == 'haus.txt' else 'already'}", timeout=READY
        )
    page.set_viewport_size({"width": 390, "height": 800})
    picture(page, "twice")
    check(page)
    page.get_by_role("button", name="Remove: kopie.txt").click()
    page.reload()
    expect(page.locator("#chips .chip")).to_have_text("haus.txt ready ×")
    page.locator("#files").set_input_files(tmp_path / "kopie.txt")
    expect(page.locator("#chips")).to_contain_text("kopie.txt already")
    page.get_by_role("button", name="Remove: haus.txt").click()
    expect(page.locator("#chips .chip")).to_have_count(0)


def test_a_file_that_was_not_read_is_read_again(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page()
    (tmp_path / "leer.pdf").write_bytes(b"%PDF-1.7 nichts\n%%EOF")
    chips = page.locator("#chips .chip")
    page.locator("#files").set_input_files(tmp_path / "leer.pdf")
    expect(chips.first).to_have_attribute("data-status", "failed", timeout=READY)
    with page.expect_response("**/status/"):
        page.locator("#files").set_input_files(tmp_path / "leer.pdf")
    expect(chips.last).to_contain_text("already attached as leer.pdf")
    expect(chips.first).to_have_attribute("data-status", "failed", timeout=READY)
    expect(page.locator("#send")).to_be_enabled()


def test_an_upload_tells_its_progress_and_is_cancelled(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page()
    large = tmp_path / "groß.txt"
    large.write_bytes(b"Das Haus. " * 400_000)
    client = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 300_000}
    client.send("Network.emulateNetworkConditions", slow)
    page.locator("#files").set_input_files([large, tmp_path / "groß.txt"])
    chips = page.locator("#chips .chip")
    expect(chips.first).to_contain_text("%")
    expect(chips.last).to_contain_text("waiting")
    expect(page.locator("#send")).to_be_disabled()
    picture(page, "upload")
    for _ in range(2):
        page.get_by_role("button", name="Remove: groß.txt").first.click()
    expect(chips).to_have_count(0)
    expect(page.locator("#send")).to_be_enabled()
