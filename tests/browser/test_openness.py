"""What a person is told of the house, as they meet it: receipts, the page about it, their usage, the privacy notice."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, enter
from tests.browser.test_journey import READY, ask
from tests.browser.test_looks import check
from tests.fake_upstream import FakeUpstream
from tests.run.instance import Instance

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("PICTURES")  # a folder, to look at what the tests see
VARIANTS = [("en", "light", 1280), ("de", "dark", 390), ("de", "light", 1280), ("en", "dark", 390)]
SQL = "from django.db import connection; connection.cursor().execute('{}')"
QUOTA = """
from accounts.models import User
from gateway.models import Deployment, Quota
user = User.objects.get(email="lena@example.org")
Quota.objects.get_or_create(user=user, unit="tokens", limit=2_000_000, period="month")
Quota.objects.get_or_create(user=user, unit="requests", limit=4, period="day")
Deployment.objects.filter(name="parrot").update(input_price=3, output_price=15, licence="Apache-2.0",
    openness="weights", origin="Mistral AI, Paris", size="24B", card="https://example.org/parrot")
"""


@pytest.fixture(scope="module")
def lena(house: Instance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return enter(house, tmp_path_factory.mktemp("lena"), "Lena")


@pytest.fixture
def no_notice_after(house: Instance) -> Iterator[None]:
    """Others would be led to it, too; nothing but this takes a published one away."""
    yield
    cleared = house.manage("shell", "--no-imports", "-c", SQL.format("TRUNCATE accounts_notice CASCADE"))
    assert cleared.returncode == 0, cleared.stderr


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


@pytest.mark.parametrize(("language", "scheme", "width"), VARIANTS)
def test_a_receipt_opens_over_the_chat(
    open_page: OpenPage, upstream: FakeUpstream, lena: Path, language: str, scheme: str, width: int
) -> None:
    words = {
        "en": ("Receipt", "This answer may have left the house.", "Close"),
        "de": ("Beleg", "Für diese Antwort haben Daten vielleicht das Haus verlassen.", "Schließen"),
    }[language]
    upstream.reply("Um neun Uhr.")
    page = open_page(storage_state=lena, locale=language, color_scheme=scheme, width=width)
    page.locator("#model").select_option("parrot", force=True)
    page.locator("#text").fill("Wann öffnet die Voliere?")
    page.locator("#send").click()
    expect(page.locator("article[data-status=done]")).to_have_count(2, timeout=READY)
    picture(page, f"answer-{language}-{scheme}-{width}")
    page.get_by_role("link", name=words[0], exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(words[1])
    expect(dialog).to_contain_text("parrot")
    check(page)
    picture(page, f"receipt-{language}-{scheme}-{width}")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("link", name=words[0], exact=True)).to_be_focused()


def test_without_a_script_it_is_a_page(open_page: OpenPage, upstream: FakeUpstream, lena: Path) -> None:
    upstream.reply("Um neun Uhr.")
    page = open_page(storage_state=lena)
    page.locator("#model").select_option("parrot", force=True)
    ask(page, "Wann?")
    expect(page.locator("article[data-status=done]")).to_have_count(2, timeout=READY)
    address = page.get_by_role("link", name="Receipt", exact=True).get_attribute("href")
    plain = open_page(address, storage_state=lena, java_script_enabled=False)
    expect(plain.get_by_role("heading", name="Receipt of an answer")).to_be_visible()
    plain.get_by_role("link", name="Back to the conversation").click()
    expect(plain.get_by_role("article")).to_have_count(2)


def test_a_temporary_answer_has_its_receipt_below(open_page: OpenPage, upstream: FakeUpstream, lena: Path) -> None:
    upstream.reply("Um neun Uhr.")
    page = open_page("/temporary/", storage_state=lena)
    page.locator("#model").select_option("parrot", force=True)
    page.locator("#text").fill("Wann?")
    page.locator("#send").click()
    page.get_by_text("Receipt", exact=True).click()
    expect(page.get_by_text("This answer may have left the house.")).to_be_visible()
    check(page)
    picture(page, "temporary-receipt")


@pytest.mark.parametrize(("language", "scheme", "width"), VARIANTS)
def test_what_was_asked_stands_under_usage(
    house: Instance, open_page: OpenPage, upstream: FakeUpstream, lena: Path, language: str, scheme: str, width: int
) -> None:
    furnished = house.manage("shell", "--no-imports", "-c", QUOTA)
    assert furnished.returncode == 0, furnished.stderr
    page = open_page("/usage/", storage_state=lena, locale=language, color_scheme=scheme, width=width)
    expect(page.locator(".chart svg rect").first).to_be_attached()
    expect(page.get_by_role("main")).to_contain_text("parrot")
    expect(page.locator("progress")).to_have_count(2)
    page.locator(".as-table summary").click()
    check(page)
    picture(page, f"usage-{language}-{scheme}-{width}")


@pytest.mark.parametrize(("language", "scheme", "width"), VARIANTS)
def test_the_page_about_the_house(
    open_page: OpenPage, upstream: FakeUpstream, lena: Path, language: str, scheme: str, width: int
) -> None:
    page = open_page("/about/", storage_state=lena, locale=language, color_scheme=scheme, width=width)
    expect(page.get_by_role("main")).to_contain_text("aviary")
    picture(page, f"about-{language}-{scheme}-{width}")
    check(page)


def test_a_notice_is_written_published_and_agreed_to(
    house: Instance, open_page: OpenPage, lena: Path, no_notice_after: None
) -> None:
    admin = open_page("/admin/accounts/notice/add/")
    admin.locator("#id_german").fill("# Was wir tun\n\nWir halten **wenig** fest.\n\n- Chats\n- Dokumente")
    admin.locator("#id_english").fill("# What we do\n\nWe record **little**.\n\n- chats\n- documents")
    picture(admin, "panel-notice")
    admin.get_by_text("Publish now").click()
    admin.locator("[name=_save]").click()
    expect(admin.get_by_role("heading", name="Privacy notice")).to_be_visible()  # the admin is asked as well
    for language, scheme, width in VARIANTS:
        page = open_page("/knowledge/", storage_state=lena, locale=language, color_scheme=scheme, width=width)
        expect(page.locator(".notice-text strong")).to_have_text("little" if language == "en" else "wenig")
        expect(page.locator("#sidebar")).to_have_count(0)
        check(page)
        picture(page, f"notice-{language}-{scheme}-{width}")
    page.get_by_role("button", name="I have read it: go on").click()
    expect(page.get_by_role("textbox", name="Message")).to_be_visible()
    page.goto(urljoin(page.url, "/about/"))
    page.get_by_role("link", name="Privacy notice, version 1").click()
    expect(page.get_by_role("button", name="I have read it: go on")).to_have_count(0)
    check(page)
