"""What the first day looks like: from the set-up link to the marked passage, and the same by the SDK."""

from pathlib import Path

import pytest
from openai import OpenAI
from playwright.sync_api import Page, expect

from tests.browser.conftest import EMAIL, PASSWORD, OpenPage
from tests.run.instance import Instance

pytestmark = pytest.mark.browser
READY = 30_000  # milliseconds for a file to be read


def attach(page: Page, *files: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Attach files").click()
    chooser.value.set_files(files)


def ask(page: Page, question: str) -> None:
    page.get_by_role("textbox", name="Message").fill(question)
    page.get_by_role("button", name="Send").click()


def test_a_german_pdf_is_asked_and_its_passage_opened(open_page: OpenPage, handbook_pdf: Path) -> None:
    page = open_page()
    attach(page, handbook_pdf)
    expect(page.get_by_role("button", name="Send")).to_be_disabled()
    expect(page.locator(".chip")).to_contain_text("ready", timeout=READY)
    ask(page, "Wie viele Tage Urlaub habe ich im Jahr?")
    expect(page.get_by_role("article").last).to_contain_text("30 Arbeitstage", timeout=READY)
    page.get_by_role("link", name="Source 1").first.click()
    expect(page.locator("mark", has_text="Der Jahresurlaub beträgt 30 Arbeitstage")).to_be_in_viewport()


def test_a_collection_is_made_filled_and_asked(open_page: OpenPage, handbook_pdf: Path) -> None:
    page = open_page("/knowledge/")
    page.get_by_role("link", name="New collection").click()
    page.get_by_label("Name").fill("Haus & Hof")
    page.get_by_role("button", name="Save").click()
    page.locator("#files").set_input_files(handbook_pdf)
    expect(page.get_by_role("row", name="Handbuch.pdf")).to_contain_text("ready", timeout=READY)
    page.get_by_role("button", name="New chat").click()
    page.locator("summary", has_text="Knowledge").click()
    page.get_by_label("Haus & Hof").check()
    page.keyboard.press("Escape")
    ask(page, "Wie hoch ist das Tagegeld?")
    expect(page.get_by_role("article").last).to_contain_text("28 Euro", timeout=READY)


def test_the_same_by_the_sdk(house: Instance, signed_in: Path) -> None:
    key = house.manage("createapikey", EMAIL).stdout.splitlines()[-1]
    client = OpenAI(base_url=f"http://127.0.0.1:{house.port}/v1", api_key=key)
    assert "librarian" in [model.id for model in client.models.list()]
    source = '<source id="1" title="Handbuch" page="2">Der Jahresurlaub beträgt 30 Arbeitstage.</source>'
    messages = [{"role": "system", "content": source}, {"role": "user", "content": "Wie viel Urlaub gibt es?"}]
    stream = client.chat.completions.create(model="librarian", messages=messages, stream=True)
    answer = "".join(piece.choices[0].delta.content or "" for piece in stream if piece.choices)
    assert "30 Arbeitstage" in answer and "[1]" in answer


def test_signing_out_and_in_again(open_page: OpenPage) -> None:
    page = open_page(signed=False)
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill("falsch geraten")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(".errorlist")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


def test_a_file_that_cannot_be_read_says_why_and_asking_goes_on(open_page: OpenPage, tmp_path: Path) -> None:
    broken, picture = tmp_path / "Bericht.pdf", tmp_path / "Foto.png"
    broken.write_bytes(b"%PDF-1.7\n" + b"cut off" * 10)
    picture.write_bytes(b"\x89PNG\r\n")
    page = open_page()
    attach(page, broken)
    expect(page.locator(".chip").first).to_contain_text("incomplete", timeout=READY)
    page.locator("#files").set_input_files(picture)
    expect(page.locator(".chip").last).to_contain_text("not what its name says")
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    page.get_by_role("button", name="Remove: Foto.png").click()
    expect(page.locator(".chip")).to_have_count(1)


def test_everything_is_reached_by_keyboard(open_page: OpenPage) -> None:
    page = open_page()
    page.keyboard.type("Hallo!")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("Was kannst du?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article").last).to_contain_text("Bibliothekar", timeout=READY)
    expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    expect(page.get_by_role("textbox", name="Message")).to_have_value("")
