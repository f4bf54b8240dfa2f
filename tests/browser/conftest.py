"""A whole Voliere in a real browser: Debian's Chromium against `manage.py up` with its embedded models."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from tests.browser.files import handbook
from tests.fake_upstream import FakeUpstream
from tests.run.instance import Instance, eventually

OFFERED = "from gateway.models import Deployment; print(Deployment.objects.filter(is_active=True))"
EMAIL, PASSWORD = "ada@example.org", "sieben kluge Dohlen"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# without these Chromium calls home, which a closed network answers with noise
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    house = Instance(tmp_path_factory.mktemp("house"), VOLIERE_INFERENCE_URL="").run()
    try:
        assert eventually(lambda: "embedded models are ready" in house.log, 240), house.log
        offered = partial(house.manage, "shell", "--no-imports", "-c", OFFERED)
        assert eventually(lambda: "librarian" in offered().stdout, 120), house.log
        yield house
    finally:
        house.stop()


@pytest.fixture(scope="session")
def upstream(house: Instance) -> Iterator[FakeUpstream]:
    """A scripted model server beside the embedded one; its model is called `parrot`."""
    with FakeUpstream(models=[{"id": "parrot"}], titles={}) as server:
        added = house.manage("addupstream", "aviary", server.url)
        assert added.returncode == 0, added.stderr
        yield server


@pytest.fixture(autouse=True)
def nothing_left_to_say(request: pytest.FixtureRequest) -> None:
    """One test that fails is enough."""
    if "upstream" in request.fixturenames:
        request.getfixturevalue("upstream").forget()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # ends with the module: a running Playwright occupies the thread's event loop
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def signed_in(house: Instance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cookies of Ada, the first admin, who came by the set-up link that `up` prints."""
    state = tmp_path_factory.mktemp("browser") / "ada.json"
    link = re.search(r"http\S+/accounts/setup/\S+", house.log)
    assert link, house.log
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS).new_page(locale="en")
        page.goto(link[0])
        page.get_by_label("Name").fill("Ada")
        page.get_by_label("Email").fill(EMAIL)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Create account").click()
        page.get_by_role("textbox", name="Message").wait_for()
        page.context.storage_state(path=state)
    return state


ENTER = """
from django.contrib.auth import get_user_model, login
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
request = HttpRequest()
request.session = SessionStore()
user = get_user_model().objects.create_user("{email}", "{password}", name="{name}")
login(request, user, backend="allauth.account.auth_backends.AuthenticationBackend")
request.session.save()
print(request.session.session_key)
"""


def enter(house: Instance, folder: Path, name: str) -> Path:
    """The cookies of a new person, who is no admin and whose choices are nobody else's."""
    code = ENTER.format(email=f"{name.lower()}@example.org", name=name, password=PASSWORD)
    entered = house.manage("shell", "--no-imports", "-c", code)
    assert entered.returncode == 0, entered.stderr
    cookie = {"name": "sessionid", "value": entered.stdout.split()[-1], "domain": "127.0.0.1", "path": "/"}
    more = {"expires": -1, "httpOnly": True, "secure": False, "sameSite": "Lax"}
    state = folder / f"{name}.json"
    state.write_text(json.dumps({"cookies": [cookie | more], "origins": []}))
    return state


# a refusal or a killed server, which tests bring about on purpose, is no fault of the page
EXPECTED = ("Failed to load resource", "WebSocket connection to")
OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, house: Instance, signed_in: Path) -> Iterator[OpenPage]:
    """Open an address as Ada; whatever a page complains of on its console fails the test."""
    complaints: list[str] = []
    contexts = []

    def complain(text: str) -> None:
        if not text.startswith(EXPECTED):
            complaints.append(text)

    def open_page(address: str = "/", *, width: int = 1280, signed: bool = True, **options: object) -> Page:
        state = {"storage_state": signed_in if signed else None, "service_workers": "block"}
        context = browser.new_context(
            **{**state, "locale": "en", "viewport": {"width": width, "height": 800}, **options}
        )
        contexts.append(context)
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complain(message.text) if message.type == "error" else None)
        page.goto(f"http://127.0.0.1:{house.port}{address}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def follow(page: Page, link: Locator) -> None:
    """Click and be on the page that comes: a look at once could still meet the one that goes."""
    with page.expect_navigation():
        link.click()


@pytest.fixture(scope="session")
def handbook_pdf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return handbook(tmp_path_factory.mktemp("files") / "Handbuch.pdf")
