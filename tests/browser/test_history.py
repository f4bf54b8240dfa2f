"""What a person does with a history, in both languages, by mouse, keyboard, without script and on a phone."""

import json
import os
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, follow
from tests.browser.test_journey import READY, ask
from tests.browser.test_looks import check
from tests.fake_upstream import FakeUpstream

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("PICTURES")  # a folder, to look at what the tests see


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def go(page: Page, address: str) -> None:
    page.goto(urljoin(page.url, address))


def asked(page: Page, upstream: FakeUpstream, question: str, answer: str, title: str = "") -> None:
    """A new chat with `parrot`, which then gives it a title."""
    go(page, "/")
    page.locator("select[name=model]").select_option("parrot")
    upstream.reply(answer)
    upstream.entitle(question, title)
    page.locator("#text").fill(question)
    page.locator("#send").click()
    expect(page.locator("article[data-status=done]")).to_have_count(2, timeout=READY)
    if title:
        expect(page.locator(".chat-head h1")).to_have_text(title, timeout=READY)


def test_a_title_comes_by_itself_and_is_changed_in_place(open_page: OpenPage, upstream: FakeUpstream) -> None:
    page = open_page()
    asked(page, upstream, "Wann öffnet das Haus morgens?", "Um **neun** Uhr.", "Öffnungszeiten am Morgen")
    link = page.locator(".sidebar [data-row]", has_text="Öffnungszeiten am Morgen")
    expect(link).to_have_attribute("aria-current", "page")
    link.focus()
    page.keyboard.press("F2")
    page.keyboard.type("Morgens")
    page.keyboard.press("Enter")
    expect(page.locator(".chat-head h1")).to_have_text("Morgens")
    page.reload()
    expect(page.locator(".chat-head h1")).to_have_text("Morgens")


def test_options_open_by_keyboard_and_pin_archive_and_delete(open_page: OpenPage, upstream: FakeUpstream) -> None:
    page = open_page()
    asked(page, upstream, "Was frisst ein Wellensittich?", "Körner.", "Futter")
    page.get_by_role("link", name="Options", exact=True).focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Title")).to_be_focused()
    picture(page, "options")
    check(page)
    dialog.get_by_role("button", name="Pin").click()
    expect(page.locator(".rows", has_text="Pinned")).to_contain_text("Futter")
    page.get_by_role("link", name="Options", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete conversation").click()
    expect(page.get_by_text("“Futter” was deleted.")).to_be_visible()
    expect(page.locator(".sidebar")).not_to_contain_text("Futter")
    picture(page, "undo")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".chat-head h1")).to_have_text("Futter")


def test_one_deleted_from_elsewhere_is_taken_back_on_the_spot(open_page: OpenPage, upstream: FakeUpstream) -> None:
    page = open_page()
    asked(page, upstream, "Wie alt wird ein Ara?", "Sechzig Jahre.", "Alter der Aras")
    go(page, "/")
    page.get_by_role("link", name="Options for “Alter der Aras”").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete conversation").click()
    expect(page.locator(".toast")).to_contain_text("Alter der Aras")
    expect(page.locator(".sidebar")).not_to_contain_text("Alter der Aras")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".sidebar")).to_contain_text("Alter der Aras")


def test_all_of_it_works_without_script(open_page: OpenPage, upstream: FakeUpstream) -> None:
    asked(open_page(), upstream, "Wo schläft die Eule?", "Im Baum.", "Schlafplatz")
    page = open_page(java_script_enabled=False)
    page.get_by_role("link", name="Options for “Schlafplatz”").click()
    page.get_by_label("Title").fill("Eulenschlaf")
    page.get_by_role("button", name="Rename").click()
    expect(page.locator("h1")).to_have_text("Eulenschlaf")
    page.get_by_role("link", name="Options", exact=True).click()
    page.get_by_role("button", name="Delete conversation").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("h1")).to_have_text("Eulenschlaf")
    page.get_by_role("link", name="Search", exact=True).click()
    page.get_by_role("searchbox").fill("schläft eule")
    page.get_by_role("main").get_by_role("button", name="Search").click()
    page.locator(".hits a", has_text="Eulenschlaf").first.click()
    expect(page.get_by_text("Wo schläft die Eule?").last).to_be_visible()


@pytest.mark.parametrize(("language", "scheme", "width"), [("en", "light", 1280), ("de", "dark", 390)])
def test_search_finds_while_typing_and_opens_the_message(
    open_page: OpenPage, upstream: FakeUpstream, language: str, scheme: str, width: int
) -> None:
    page = open_page(locale=language, color_scheme=scheme, width=width)
    asked(page, upstream, f"Wie singt die Nachtigall {width}?", "Sie **flötet** und schluchzt.", f"Gesang {width}")
    go(page, "/search/")
    page.get_by_role("searchbox").press_sequentially("schluch")
    expect(page.locator(".hits mark").first).to_have_text("schluchzt")
    picture(page, f"search-{language}-{width}")
    check(page)
    page.locator(".hits a").first.click()
    expect(page.locator("article:target")).to_contain_text("schluchzt")


@pytest.mark.parametrize(("language", "scheme", "width"), [("en", "light", 1280), ("de", "dark", 390)])
def test_the_pages_of_the_history_are_accessible(
    open_page: OpenPage, upstream: FakeUpstream, language: str, scheme: str, width: int
) -> None:
    page = open_page(locale=language, color_scheme=scheme, width=width)
    for address in ("/search/", "/history/", "/history/?archived=1", "/projects/new/", "/shared/", "/transfer/"):
        go(page, address)
        picture(page, f"{address.strip('/').replace('/', '-').replace('?', '-')}-{language}-{width}")
        check(page)


@pytest.mark.parametrize(("language", "scheme", "width"), [("en", "dark", 1280), ("de", "light", 390)])
def test_a_project_holds_instructions_files_and_conversations(
    open_page: OpenPage, upstream: FakeUpstream, language: str, scheme: str, width: int
) -> None:
    page = open_page("/projects/new/", locale=language, color_scheme=scheme, width=width)
    page.locator("#id_name").fill(f"Umzug {language}")
    page.locator("#id_instructions").fill("Antworte in einem Satz.")
    page.get_by_role("main").locator("button[type=submit]").click()
    page.locator("#files").set_input_files(
        {"name": "plan.txt", "mimeType": "text/plain", "buffer": b"Montag geht es los."}
    )
    page.locator("form[enctype] button").click()
    expect(page.locator(".project-files")).to_contain_text("plan.txt")
    page.locator(".toolbar .button-primary").click()
    page.locator("select[name=model]").select_option("parrot")
    upstream.reply("Am Montag.")
    upstream.entitle("Wann geht es los?", f"Beginn {language}")
    page.locator("#text").fill("Wann geht es los?")
    page.locator("#send").click()
    expect(page.locator(".chat-head h1")).to_have_text(f"Beginn {language}", timeout=READY)
    expect(page.locator(".chat-project")).to_be_visible()
    picture(page, f"project-chat-{language}-{width}")
    check(page)
    page.locator(".chat-project").click()
    expect(page.locator(".history-list")).to_contain_text(f"Beginn {language}")
    picture(page, f"project-{language}-{width}")
    check(page)
    follow(page, page.locator(".toolbar a[href$='delete/']"))
    check(page)
    picture(page, f"project-delete-{language}-{width}")


@pytest.mark.parametrize(("language", "scheme", "width"), [("en", "light", 1280), ("de", "dark", 390)])
def test_a_conversation_is_shared_read_and_taken_back(
    open_page: OpenPage, upstream: FakeUpstream, language: str, scheme: str, width: int
) -> None:
    page = open_page(locale=language, color_scheme=scheme, width=width)
    asked(page, upstream, "Wer pfeift?", "| Vogel | Ton |\n|---|---|\n| Amsel | tief |", f"Pfeifen {language}")
    page.goto(page.url + "share/")
    page.get_by_role("radio").last.check()
    page.locator("main form button[type=submit]").last.click()
    expect(page.locator("#link")).to_contain_text("/shared/")
    picture(page, f"share-{language}-{width}")
    check(page)
    link = page.locator("#link").inner_text()
    page.goto(link)
    expect(page.get_by_role("cell", name="Amsel")).to_be_visible()
    picture(page, f"shared-{language}-{width}")
    check(page)
    go(page, "/shared/")
    picture(page, f"shares-{language}-{width}")
    check(page)
    follow(page, page.locator(".shares .button-danger").first)
    assert page.goto(link).status == 404  # type: ignore[union-attr]


@pytest.mark.parametrize(("language", "scheme", "width"), [("en", "dark", 1280), ("de", "light", 390)])
def test_a_temporary_chat_leaves_nothing_behind(
    open_page: OpenPage, upstream: FakeUpstream, language: str, scheme: str, width: int
) -> None:
    page = open_page("/temporary/", locale=language, color_scheme=scheme, width=width)
    picture(page, f"temporary-empty-{language}-{width}")
    check(page)
    page.locator("select[name=model]").select_option("parrot")
    upstream.reply("Ein **Kolibri**.\n\n- klein\n- schnell", delay=0.05)
    ask(page, "Wer schwirrt?") if language == "en" else page.locator("#text").press_sequentially("Wer schwirrt?\n")
    expect(page.locator("article .prose")).to_contain_text("schnell")
    expect(page.locator("article .prose strong")).to_have_text("Kolibri")
    upstream.reply("Ja.")
    page.locator("#text").fill("Wirklich?")
    page.keyboard.press("Enter")
    expect(page.locator("article")).to_have_count(4)
    expect(page.locator("article .prose").last).to_have_text("Ja.")
    assert "Ein **Kolibri**" in json.dumps(upstream.calls[-1].body, ensure_ascii=False)
    picture(page, f"temporary-{language}-{width}")
    check(page)
    page.on("dialog", lambda dialog: dialog.accept())
    go(page, "/search/?q=Kolibri")
    expect(page.locator(".hits")).to_have_count(0)


def test_a_temporary_chat_that_fails_gives_the_question_back(open_page: OpenPage, upstream: FakeUpstream) -> None:
    page = open_page("/temporary/")
    page.locator("select[name=model]").select_option("parrot")
    upstream.fail(400)
    ask(page, "Wer schweigt?")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#text")).to_have_value("Wer schweigt?")
    picture(page, "temporary-failed")


def test_a_history_leaves_and_comes_in(open_page: OpenPage, upstream: FakeUpstream, tmp_path: Path) -> None:
    page = open_page()
    asked(page, upstream, "Was klappert?", "Der Storch.", "Klappern")
    page.get_by_role("link", name="Options", exact=True).click()
    for name in ("Markdown", "Word (DOCX)", "OpenDocument (ODT)", "PDF", "JSON"):
        with page.expect_download() as download:
            page.get_by_role("dialog").get_by_role("link", name=name).click()
        assert download.value.suggested_filename.startswith("Klappern.")
    mapping = {
        "a": {
            "parent": None,
            "message": {"author": {"role": "user"}, "content": {"content_type": "text", "parts": ["Piep?"]}},
        }
    }
    file = tmp_path / "conversations.json"
    file.write_text(json.dumps([{"id": "x", "title": "Mitgebracht", "mapping": mapping}, {"mapping": 1}]))
    go(page, "/transfer/")
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("1 conversation was imported.")).to_be_visible()
    expect(page.locator(".sidebar")).to_contain_text("Mitgebracht")
    picture(page, "imported")
    check(page)


def test_on_a_phone_the_history_is_a_drawer(open_page: OpenPage, upstream: FakeUpstream) -> None:
    page = open_page(width=390, locale="de", color_scheme="dark", has_touch=True)
    asked(page, upstream, "Wer trommelt?", "Der Specht.", "Trommeln")
    page.get_by_role("button", name="Menü").click()
    expect(page.locator(".sidebar .row", has_text="Trommeln")).to_be_visible()
    picture(page, "drawer")
    check(page)
