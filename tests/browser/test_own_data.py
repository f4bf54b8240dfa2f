"""A person takes a copy of everything and then goes for good, with the workers of a real house."""

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PASSWORD, OpenPage, enter, follow
from tests.browser.test_looks import check
from tests.run.instance import Instance

pytestmark = pytest.mark.browser
WORKERS = 60_000  # milliseconds that they may take
FORGOTTEN = """
from datetime import timedelta
from django.utils import timezone
from accounts.models import User
from chat.models import Conversation
conversation, _ = Conversation.objects.get_or_create(owner=User.objects.get(email="ada@example.org"), title="alt")
Conversation.objects.filter(pk=conversation.pk).update(updated_at=timezone.now() - timedelta(days=4000))
"""


@pytest.fixture(scope="module")
def ursula(house: Instance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return enter(house, tmp_path_factory.mktemp("ursula"), "Ursula")


def reload_until(page: Page, name: str, role: str = "link") -> None:
    for _ in range(WORKERS // 1_000):
        if page.get_by_role(role, name=name).count():  # type: ignore[arg-type]
            return
        page.wait_for_timeout(1_000)
        page.reload()
    raise AssertionError(name)


def test_a_copy_is_made_downloaded_and_then_everything_goes(open_page: OpenPage, ursula: Path, tmp_path: Path) -> None:
    page = open_page("/accounts/preferences/", storage_state=ursula)
    follow(page, page.get_by_role("link", name="Your data"))
    check(page)
    follow(page, page.get_by_role("button", name="Make a copy"))
    reload_until(page, "Download the copy")
    check(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the copy").click()
    download.value.save_as(tmp_path / "copy.zip")
    with zipfile.ZipFile(tmp_path / "copy.zip") as packed:
        assert "ursula@example.org" in packed.read("profile.json").decode()
    follow(page, page.get_by_role("link", name="Erase my account…"))
    check(page)
    page.get_by_role("button", name="Continue…").click()
    page.get_by_label("Password").fill(PASSWORD)
    follow(page, page.locator("main form button"))
    check(page)
    page.get_by_label("Email of the account").fill("ursula@example.org")
    page.get_by_role("button", name="Erase everything").click()
    expect(
        page.get_by_role("heading", name="being erased").or_(page.get_by_role("heading", name="is erased"))
    ).to_be_visible()
    check(page)
    reload_until(page, "Everything is erased", "heading")
    expect(page.get_by_label("Certificate", exact=True)).to_contain_text("accounts: 1")
    check(page)
    page.goto(page.url.partition("/accounts/")[0])
    page.get_by_label("Email").fill("ursula@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize(("language", "said"), [("en", "conversations: 1"), ("de", "Unterhaltungen: 1")])
def test_an_admin_sees_what_a_rule_would_delete_before_it_is_saved(
    open_page: OpenPage, house: Instance, language: str, said: str
) -> None:
    assert house.manage("shell", "--no-imports", "-c", FORGOTTEN).returncode == 0
    page = open_page("/admin/accounts/retentionrule/add/", locale=language)
    page.locator("#id_kind").select_option("conversations")
    page.locator("#id_days").fill("3650")
    page.locator("[name=_save]").first.click()
    expect(page.locator("body")).to_contain_text(said)
    expect(page.locator("#id_confirmed")).not_to_be_checked()
    kept = house.manage("shell", "-c", "assert not RetentionRule.objects.exists()")
    assert kept.returncode == 0, kept.stderr
