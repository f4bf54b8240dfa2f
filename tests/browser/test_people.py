"""Coming in, by every door: an invitation, a passkey of a virtual device, an identity provider."""

import re
from collections.abc import Iterator

import oidc_provider_mock
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD, OpenPage, follow
from tests.browser.test_looks import check
from tests.run.instance import Instance

pytestmark = pytest.mark.browser


@pytest.fixture
def at_home(browser: Browser, house: Instance) -> Iterator[Page]:
    """Somebody else's browser; passkeys want a name instead of a number."""
    context = browser.new_context(locale="en", base_url=f"http://localhost:{house.port}")
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def invite(open_page: OpenPage, role: str) -> str:
    page = open_page("/accounts/invitations/")
    page.get_by_label("Role", exact=True).select_option(role)
    page.get_by_role("button", name="Make a link").click()
    return re.sub(r"^http://[^/]+", "", page.locator("#link").inner_text())


def come_in(page: Page, link: str, name: str) -> None:
    page.goto(link)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Email").fill(f"{name.lower()}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()


def give_device(page: Page) -> None:
    """A fingerprint reader that always says yes."""
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_an_invited_person_comes_in_by_a_link_and_later_by_a_passkey(
    open_page: OpenPage, house: Instance, at_home: Page
) -> None:
    come_in(at_home, invite(open_page, "member"), "Paula")
    at_home.get_by_role("textbox", name="Message").wait_for()
    give_device(at_home)
    at_home.goto("/accounts/2fa/")
    at_home.get_by_role("link", name="Add a passkey").click()
    at_home.get_by_label("Name").fill("Laptop")
    at_home.get_by_role("button", name="Add").click()
    expect(at_home.get_by_role("heading", name="Recovery codes")).to_be_visible()
    at_home.goto("/")
    at_home.get_by_role("button", name="Sign out").click()
    at_home.get_by_role("button", name="Sign in with a passkey").click()
    at_home.get_by_role("textbox", name="Message").wait_for()
    at_home.get_by_role("button", name="Sign out").click()
    at_home.get_by_label("Email").fill("paula@example.org")
    at_home.get_by_label("Password").fill(PASSWORD)
    at_home.get_by_role("button", name="Sign in", exact=True).click()
    at_home.get_by_role("button", name="Use a passkey").click()  # the password alone is not enough now
    at_home.get_by_role("textbox", name="Message").wait_for()


def test_an_invitation_is_taken_by_a_passkey_alone(open_page: OpenPage, house: Instance, at_home: Page) -> None:
    give_device(at_home)
    at_home.goto(invite(open_page, "member"))
    at_home.get_by_role("link", name="With a passkey instead").click()
    at_home.get_by_label("Name").fill("Ulrike")
    at_home.get_by_label("Email").fill("ulrike@example.org")
    at_home.get_by_role("button", name="Create account").click()
    at_home.get_by_role("textbox", name="Message").wait_for()
    at_home.get_by_role("button", name="Sign out").click()
    at_home.get_by_role("button", name="Sign in with a passkey").click()
    at_home.get_by_role("textbox", name="Message").wait_for()


def test_a_device_that_does_not_know_the_person_opens_nothing(at_home: Page) -> None:
    give_device(at_home)
    at_home.goto("/accounts/login/")
    at_home.get_by_role("button", name="Sign in with a passkey").click()
    expect(at_home.get_by_text("That did not work.").first).to_be_visible()
    assert "/accounts/login/" in at_home.url


@pytest.mark.parametrize(("scheme", "width", "language"), [("light", 1280, "en"), ("dark", 390, "de")])
def test_the_pages_are_accessible(open_page: OpenPage, scheme: str, width: int, language: str) -> None:
    page = open_page("/accounts/2fa/", color_scheme=scheme, width=width, locale=language)
    check(page)
    for address in ("totp/activate/", "webauthn/add/", "webauthn/", "../sessions/", "../invitations/"):
        page.goto(f"{page.url.partition('/accounts/')[0]}/accounts/2fa/{address}")
        if "reauthenticate" in page.url:
            check(page)
            page.get_by_role("textbox").fill(PASSWORD)
            page.locator("main form button").click()
            page.wait_for_url(f"**/accounts/2fa/{address}")
        check(page)


def test_what_a_password_has_to_be_is_told_with_its_field(open_page: OpenPage) -> None:
    page = open_page("/accounts/password/change/")
    expect(page.get_by_label("New Password", exact=True)).to_have_accessible_description(re.compile("12 characters"))


@pytest.mark.parametrize("language", ["en", "de"])
def test_an_invitation_is_accessible(open_page: OpenPage, language: str) -> None:
    link = invite(open_page, "member")
    check(open_page(link, signed=False, locale=language, width=390))
    check(open_page(f"{link}?passkey", signed=False, locale=language, width=390))
    check(open_page("/accounts/invitation/guessed/", signed=False, locale=language, width=390))


def test_one_signs_out_there(open_page: OpenPage, at_home: Page) -> None:
    come_in(at_home, invite(open_page, "member"), "Quentin")
    at_home.get_by_role("textbox", name="Message").wait_for()
    other = at_home.context.browser.new_context(locale="en")
    there = other.new_page()
    there.goto(at_home.url.rstrip("/") + "/accounts/login/")
    there.get_by_label("Email").fill("quentin@example.org")
    there.get_by_label("Password").fill(PASSWORD)
    there.get_by_role("button", name="Sign in", exact=True).click()
    there.get_by_role("textbox", name="Message").wait_for()
    at_home.goto("/accounts/sessions/")
    at_home.get_by_role("button", name="Sign out there").click()
    expect(at_home.get_by_text("Signed out there.")).to_be_visible()
    there.reload()
    expect(there.get_by_role("heading", name="Sign in")).to_be_visible()
    other.close()


def test_single_sign_on_by_a_real_provider(open_page: OpenPage, house: Instance, at_home: Page) -> None:
    with oidc_provider_mock.run_server_in_thread() as server:
        issuer = f"http://localhost:{server.server_port}"
        panel = open_page("/admin/accounts/identityprovider/add/")
        for name, value in {"name": "Keycloak", "slug": "kc", "issuer": issuer, "client_id": "voliere"}.items():
            panel.locator(f"#id_{name}").fill(value)
        panel.locator("#id_new_secret").fill("geheim")
        follow(panel, panel.locator("button[name=_save]"))
        at_home.goto("/accounts/login/")
        check(at_home)
        at_home.get_by_role("button", name="Sign in with Keycloak").click()
        at_home.wait_for_url(f"{issuer}/**")
        at_home.locator("input[name=sub]").fill("rosa@example.org")
        at_home.locator("button, input[type=submit]").first.click()
        at_home.get_by_role("textbox", name="Message").wait_for()
        expect(at_home.get_by_role("link", name="rosa@example.org")).to_be_visible()
    at_home.get_by_role("button", name="Sign out").click()
    at_home.get_by_role("button", name="Sign in with Keycloak").click()
    expect(at_home.get_by_role("heading", name="cannot be reached")).to_be_visible()
