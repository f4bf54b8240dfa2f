"""Webhooks from the form to what came of a call, by the worker of the house."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import EMAIL, OpenPage
from tests.browser.test_looks import check
from tests.run.instance import Instance, eventually

pytestmark = pytest.mark.browser
HAPPEN = f"""
from accounts.models import User
from gateway import outbox
from rag.models import Collection
from tests.browser.furnishing import read
user = User.objects.get(email="{EMAIL}")
document = read(Collection.objects.create(owner=user, name="Webhooks"), user)
outbox.tell(user, "document.ready", document.pk)
"""


def test_a_webhook_is_made_called_and_what_came_of_it_is_told(open_page: OpenPage, house: Instance) -> None:
    page = open_page("/webhooks/new/")
    page.get_by_label("Name").fill("n8n")
    page.get_by_label("Address").fill("https://hooks.invalid/in")
    page.get_by_label("document ready").check()
    page.get_by_role("button", name="Create webhook").click()
    expect(page.locator("#secret")).to_contain_text("whsec_")
    check(page)
    page.get_by_role("link", name="Done").click()
    happened = house.manage("shell", "--no-imports", "-c", HAPPEN)
    assert happened.returncode == 0, happened.stderr

    def is_told() -> bool:
        page.reload()
        return page.get_by_text("1 attempt").count() == 1

    assert eventually(is_told, 40), house.log
    page.get_by_text("1 attempt").click()
    expect(page.get_by_role("list").filter(has_text="cannot be reached").last).to_be_visible()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status")).to_contain_text("“n8n” was deleted.")


def test_an_address_inside_is_refused_where_it_was_typed(open_page: OpenPage) -> None:
    page = open_page("/webhooks/new/")
    page.get_by_label("Name").fill("n8n")
    page.get_by_label("Address").fill("https://192.168.1.7/hook")
    page.get_by_label("answer complete").check()
    page.get_by_role("button", name="Create webhook").click()
    expect(page.locator(".errorlist")).to_contain_text("public")
    check(page)
