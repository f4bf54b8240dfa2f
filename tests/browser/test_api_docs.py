"""The API's documentation under our content policy: it lists the operations and tries one as who is signed in."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser


def test_an_operation_is_found_and_tried(open_page: OpenPage) -> None:
    page = open_page("/api/v1/docs")
    page.locator("#operations-tag-me .expand-operation").click()
    operation = page.locator("#operations-me-get_me")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".responses-inner")).to_contain_text("ada@example.org")
