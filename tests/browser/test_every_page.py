"""Every page that a member can reach, in English on a desk and in German on a phone in the dark: axe finds nothing,
nothing runs over to the side, nothing is left in English. A page that is new has to be named here."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import enter
from tests.browser.test_looks import check
from tests.run.instance import Instance
from tests.test_access import addresses

pytestmark = pytest.mark.browser
# {names} in braces stand for what furnishing made
PAGES = {
    "account_change_password": "/accounts/password/change/",
    "preferences": "/accounts/preferences/",
    "about": "/about/",
    "usage": "/usage/",
    "chat:home": "/?project={project}",
    "chat:conversation": "/c/{conversation}/",
    "chat:options": "/c/{conversation}/options/",
    "chat:share": "/c/{conversation}/share/",
    "chat:history": "/history/",
    "chat:search": "/search/?q=Wiesengrund",
    "chat:memory": "/memory/?message={asked}",
    "chat:project-create": "/projects/new/",
    "chat:project": "/projects/{project}/",
    "chat:project-edit": "/projects/{project}/edit/",
    "chat:project-delete": "/projects/{project}/delete/",
    "chat:shares": "/shared/",
    "chat:shared": "/shared/{share}/",
    "chat:receipt": "/c/{conversation}/messages/{message}/receipt/",
    "chat:shared-receipt": "/shared/{share}/receipts/{message}/",
    "chat:source": "/sources/{message}/{number}/",
    "chat:temporary": "/temporary/",
    "chat:transfer": "/transfer/",
    "keys:list": "/keys/",
    "keys:create": "/keys/new/",
    "keys:rotate": "/keys/{key}/rotate/",
    "keys:revoke": "/keys/{key}/revoke/",
    "webhooks:list": "/webhooks/",
    "webhooks:create": "/webhooks/new/",
    "webhooks:log": "/webhooks/{webhook}/",
    "webhooks:edit": "/webhooks/{webhook}/edit/",
    "webhooks:rotate": "/webhooks/{webhook}/rotate/",
    "webhooks:delete": "/webhooks/{webhook}/delete/",
    "rag:collections": "/knowledge/",
    "rag:collection": "/knowledge/{collection}/",
    "rag:collection-create": "/knowledge/new/",
    "rag:collection-edit": "/knowledge/{collection}/edit/",
    "rag:collection-delete": "/knowledge/{collection}/delete/",
    "rag:search": "/knowledge/search/?q=Wiesengrund",
    "rag:collection-search": "/knowledge/{collection}/search/?q=Wiesengrund",
    "rag:try-out": "/knowledge/{collection}/try/?q=Wiesengrund",
    "rag:document": "/knowledge/documents/{document}/",
    "rag:document-delete": "/knowledge/documents/{document}/delete/",
    "chat:edit": "/c/{conversation}/messages/{asked}/edit/",
    "chat:regenerate": "/c/{conversation}/messages/{message}/regenerate/",
    "chat:assistants": "/assistants/",
    "chat:assistant-create": "/assistants/new/",
    "chat:assistant": "/assistants/{assistant}/",
    "chat:assistant-edit": "/assistants/{assistant}/edit/",
    "chat:assistant-share": "/assistants/{assistant}/share/",
    "chat:assistant-delete": "/assistants/{assistant}/delete/",
    "chat:prompts": "/prompts/",
    "chat:prompt-create": "/prompts/new/",
    "chat:prompt": "/prompts/{prompt}/",
    "chat:prompt-edit": "/prompts/{prompt}/edit/",
    "chat:prompt-share": "/prompts/{prompt}/share/",
    "chat:prompt-delete": "/prompts/{prompt}/delete/",
    "sessions": "/accounts/sessions/",
    "data": "/accounts/data/",
    "erase": "/accounts/data/erase/",
    "erase-confirm": "/accounts/data/erase/confirm/",
    "invitations": "/accounts/invitations/",
    "mfa_index": "/accounts/2fa/",
    "mfa_activate_totp": "/accounts/2fa/totp/activate/",
    "mfa_list_webauthn": "/accounts/2fa/webauthn/",
    "mfa_add_webauthn": "/accounts/2fa/webauthn/add/",
    "account_reauthenticate": "/accounts/reauthenticate/",
    "socialaccount_connections": "/accounts/connections/",
    "account_logout": "/accounts/logout/",
    "offline": "/offline/",
}
OUTSIDE = {  # without signing in
    "account_login": "/accounts/login/",
    "account_signup": "/accounts/signup/",
    "account_inactive": "/accounts/inactive/",
    "setup": "/accounts/setup/guessed/",
    "invitation": "/accounts/invitation/guessed/",
    "socialaccount_login_cancelled": "/accounts/oidc/cancelled/",
    "erased": "/accounts/erased/guessed/",
    "problem": "/api/v1/problems/not_found",
}
MORE = {"chat:history archived": "/history/?archived", "nothing": "/nowhere/", "home": "/"}
NO_PAGES = {
    "api-docs",  # Swagger's own: tests/browser/test_api_docs.py
    "healthz", "readyz", "metrics", "manifest", "service-worker", "theme",
    "notice", "notice-version",  # once there is one everybody is asked: tests/browser/test_openness.py
    "account_set_password",  # of who never had one; the same page as the change
    "chat:create", "chat:messages", "chat:ask", "chat:attach", "chat:detach", "chat:stop", "chat:retry",
    "chat:sidebar", "chat:rename", "chat:pin", "chat:archive", "chat:move", "chat:delete", "chat:restore",
    "chat:project-attach", "chat:project-detach", "chat:share-update", "chat:share-revoke", "chat:shared-copy",
    "chat:temporary-ask", "chat:import", "chat:export-all", "chat:export",
    "chat:continue", "chat:fork", "chat:opinion", "chat:show", "chat:take", "opinions",
    "first-steps", "effective-settings", "jobs",  # of the panel: tests/browser/test_panel.py
    "data-export", "data-download", "erase-withdraw", "erase-person", "records", "records-download",
    "sessions-end", "session-end", "invitation-revoke", "notification-put-away",
    "webhooks:switch-on", "webhooks:replay",
    # of who has a second factor already, or comes by one: tests/browser/test_people.py
    "mfa_authenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "mfa_login_webauthn",
    "mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_download_recovery_codes",
    "mfa_remove_webauthn", "mfa_edit_webauthn",
    "openid_connect_login", "openid_connect_callback", "oidc_backchannel_logout",
    "chat:memory-switch", "chat:memory-clear", "chat:memory-correct", "chat:memory-forget",
    "rag:collection-status", "rag:upload", "rag:cancel-all", "rag:retry-all", "rag:move", "rag:share", "rag:unshare",
    "rag:page-picture", "rag:document-status", "rag:download", "rag:retry", "rag:cancel",
}  # fmt: skip
VARIANTS = (("en", "light", 1280), ("de", "dark", 390))
NAMES = {"Word (DOCX)", "OpenDocument (ODT)", "all-MiniLM-L6-v2"}  # which are the same in every language
SAID = """() => {
  const said = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { parentElement: parent, data } = walker.currentNode;
    if (!parent.closest("script, style, option, code, pre, mark, kbd, [dir=auto]")) said.add(data);
  }
  for (const name of ["aria-label", "placeholder", "title", "alt"])
    for (const element of document.querySelectorAll(`[${name}]`)) said.add(element.getAttribute(name));
  return [...said].map((text) => text.replace(/\\s+/g, " ").trim());
}"""


@pytest.fixture(scope="module")
def things(house: Instance, zoe: Path) -> dict[str, str]:
    code = "import json; from tests.browser.furnishing import furnish; print(json.dumps(furnish('zoe@example.org')))"
    furnished = house.manage("shell", "--no-imports", "-c", code)
    assert furnished.returncode == 0, furnished.stderr
    return json.loads(furnished.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def zoe(house: Instance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return enter(house, tmp_path_factory.mktemp("zoe"), "Zoe")


class Reader:
    """Two people at two screens, each with a page that they keep."""

    def __init__(self, browser: Browser, state: Path | None) -> None:
        self.pages = {
            language: self._page(
                browser.new_context(
                    storage_state=state,
                    locale=language,
                    color_scheme=scheme,
                    viewport={"width": width, "height": 800},
                    service_workers="block",
                )
            )
            for language, scheme, width in VARIANTS
        }
        self.complaints: list[str] = []

    def _page(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def read(self, address: str) -> list[set[str]]:
        """What the page says in each language, once it was checked."""
        said = []
        for language, page in self.pages.items():
            page.goto(address)
            assert page.locator("html").get_attribute("lang") == language
            check(page)
            said.append(set(page.evaluate(SAID)))
        assert self.complaints == []
        return said


@pytest.fixture(scope="module")
def member(browser: Browser, zoe: Path) -> Iterator[Reader]:
    yield Reader(browser, zoe)


@pytest.fixture(scope="module")
def stranger(browser: Browser) -> Iterator[Reader]:
    yield Reader(browser, None)


def same_in_both() -> set[str]:
    with (Path(__file__).parents[2] / "locale/de/LC_MESSAGES/django.po").open("rb") as file:
        return {message.string for message in read_po(file, locale="de") if message.id == message.string}


def left_in_english(said: list[set[str]]) -> set[str]:
    """What both say alike, of several words, and nobody furnished."""
    alike = (said[0] & said[1]) - same_in_both() - NAMES
    ours = {text for text in alike if "iesengrund" not in text and "://" not in text}
    return {text for text in ours if len(re.findall(r"[^\W\d_]{3,}", text)) > 1}


def test_every_address_is_a_page_here_or_none() -> None:
    named = {*PAGES, *OUTSIDE, *NO_PAGES}
    assert {name for name in addresses() if not name.startswith(("admin:", "api:"))} == named
    assert len(named) == len(PAGES) + len(OUTSIDE) + len(NO_PAGES)


@pytest.mark.parametrize("name", [*PAGES, *MORE])
def test_a_members_page(house: Instance, member: Reader, things: dict[str, str], name: str) -> None:
    address = {**PAGES, **MORE}[name].format(**things)
    said = member.read(f"http://127.0.0.1:{house.port}{address}")
    assert left_in_english(said) == set()


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_page_outside(house: Instance, stranger: Reader, name: str) -> None:
    said = stranger.read(f"http://127.0.0.1:{house.port}{OUTSIDE[name]}")
    assert left_in_english(said) == set()


@pytest.mark.parametrize("address", ["/", "/c/{conversation}/", "/knowledge/{collection}/", "/memory/"])
def test_the_keyboard_reaches_everything_and_shows_where_it_is(
    house: Instance, member: Reader, things: dict[str, str], address: str
) -> None:
    page = member.pages["en"]
    page.goto(f"http://127.0.0.1:{house.port}{address.format(**things)}")
    page.evaluate("document.body.tabIndex = -1; document.body.focus()")  # the composer has the focus at first
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    page.locator(".skip").focus()
    for _ in range(14):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            """() => {
              const here = document.activeElement, shown = here.getBoundingClientRect();
              const rings = [here, here.closest(".composer") ?? here].map((one) => getComputedStyle(one).outlineStyle);
              const on = shown.width > 0 && shown.bottom > 0 && shown.top < innerHeight;
              return { ring: rings.some((style) => style !== "none"), on, what: here.outerHTML.slice(0, 120) };
            }"""
        )
        assert seen["ring"] and seen["on"], seen["what"]
