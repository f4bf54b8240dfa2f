"""The page of a person's own API keys."""

import pytest
from openai import AuthenticationError, OpenAI
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, follow
from tests.browser.test_looks import check
from tests.run.instance import Instance, eventually

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("language", "scheme", "width"), [("en", "light", 1280), ("de", "dark", 390)])
def test_every_page_of_a_key_is_accessible(open_page: OpenPage, language: str, scheme: str, width: int) -> None:
    page = open_page("/keys/new/", locale=language, color_scheme=scheme, width=width)
    check(page)
    page.locator("#id_name").fill(f"Monatsbericht {scheme}")
    page.locator("main form button").click()
    expect(page.locator("#secret")).to_contain_text("vol-")
    check(page)
    follow(page, page.locator("main a.button-primary"))
    row = page.locator(".keys > li", has_text=f"Monatsbericht {scheme}")
    check(page)
    follow(page, row.get_by_role("link").first)
    check(page)
    page.go_back()
    follow(page, row.get_by_role("link").last)
    check(page)


def test_a_key_is_created_by_keyboard_used_and_revoked(open_page: OpenPage, house: Instance) -> None:
    page = open_page("/keys/new/")
    page.get_by_label("Name").fill("Export")
    page.keyboard.press("Enter")
    client = OpenAI(base_url=f"http://127.0.0.1:{house.port}/v1", api_key=page.locator("#secret").inner_text())
    assert "librarian" in [model.id for model in client.models.list()]
    page.get_by_role("link", name="Done").click()
    page.get_by_role("link", name="Revoke Export").click()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("status")).to_contain_text("“Export” is revoked.")
    assert eventually(lambda: refused(client), 5)


def refused(client: OpenAI) -> bool:
    try:
        client.models.list()
    except AuthenticationError:
        return True
    return False


def test_the_secret_is_copied(open_page: OpenPage) -> None:
    page = open_page("/keys/new/", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_label("Name").fill("Kopie")
    page.get_by_role("button", name="Create key").click()
    for _ in range(2):  # twice at once, and it says again what it is for
        page.locator("[data-copies=secret]").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    expect(page.get_by_role("button", name="Copied")).to_be_hidden()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#secret").inner_text()


def test_without_script_a_key_is_created_and_rotated(open_page: OpenPage) -> None:
    page = open_page("/keys/new/", java_script_enabled=False)
    page.get_by_label("Name").fill("Ohne Skript")
    page.get_by_role("button", name="Create key").click()
    first = page.locator("#secret").inner_text()
    expect(page.get_by_role("button", name="Copy")).to_be_hidden()
    page.get_by_role("link", name="Done").click()
    page.get_by_role("link", name="Rotate Ohne Skript").click()
    follow(page, page.get_by_role("button", name="Rotate"))
    assert page.locator("#secret").inner_text() != first
    expect(page.get_by_text("The former secret works until")).to_be_visible()
