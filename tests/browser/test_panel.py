"""The panel in a house that nobody has furnished: each first step leads to its form and back, and its pages are
accessible."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import EMAIL, PASSWORD
from tests.browser.test_looks import RULES
from tests.fake_upstream import FakeUpstream
from tests.run.instance import Instance

pytestmark = pytest.mark.browser
# of what axe calls best practice two come out of unfold's own templates: boxes that scroll, all called the same, and
# the empty heading of the column in which rows are deleted
OF_UNFOLD = ("landmark-unique", "empty-table-header")
PANEL_RULES = {**RULES, "rules": {name: {"enabled": False} for name in OF_UNFOLD}}
FILLED = """
from datetime import timedelta
from django.utils import timezone
from accounts.models import User
from gateway.models import Deployment, Quota, Upstream, UsageTotal
from rag.models import Collection, Document
ada = User.objects.get(is_superuser=True)
now = timezone.localtime().replace(minute=0, second=0, microsecond=0)
for number in range(20):
    UsageTotal.objects.create(span="day", start=now.replace(hour=0) - timedelta(days=number), user=ada, model="wren",
                              purpose="chat", calls=3, input_tokens=1000 * number, cost=5000, energy=900)
    UsageTotal.objects.create(span="hour", start=now - timedelta(hours=number), model="wren", purpose="chat", calls=3,
                              queued_ms=900 * number)
far = Upstream.objects.create(pk=4711, name="Far", base_url="http://127.0.0.1:9/v1", is_active=False)
Deployment.objects.create(upstream=far, name="wren", model="wren")
Quota.objects.create(user=ada, limit=2_000_000, used=1_900_000)
Quota.objects.create(limit=500, used=700)
shelf = Collection.objects.create(owner=ada, name="Satzungen")
for name in ("Satzung.pdf", "Protokoll-mit-einem-sehr-langen-Namen-der-nirgends-umbrochen-werden-kann-2026.docx"):
    Document.objects.create(collection=shelf, name=name, size=1, sha256=name[:9], status="failed", error="damaged")
"""


@pytest.fixture(scope="module")
def new_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    names = {"VOLIERE_ADMIN_EMAIL": EMAIL, "VOLIERE_ADMIN_PASSWORD": PASSWORD}
    house = Instance(tmp_path_factory.mktemp("new"), **names).run()
    yield house
    house.stop()


@pytest.fixture(scope="module")
def admin_state(browser: Browser, new_house: Instance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = browser.new_page(locale="en")
    page.goto(f"http://127.0.0.1:{new_house.port}/accounts/login/")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("textbox", name="Message").wait_for()
    state = tmp_path_factory.mktemp("admin") / "state.json"
    page.context.storage_state(path=state)
    page.context.close()
    return state


def check(page: Page) -> None:
    found = Axe().run(page, options=PANEL_RULES).response["violations"]
    assert [(rule["id"], node["target"], node["failureSummary"]) for rule in found for node in rule["nodes"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it runs over to the side"


def visit(browser: Browser, house: Instance, state: Path, **options: object) -> BrowserContext:
    context = browser.new_context(
        storage_state=state, base_url=f"http://127.0.0.1:{house.port}", service_workers="block", **options
    )
    context.set_default_timeout(15_000)
    return context


@pytest.fixture
def panel(browser: Browser, new_house: Instance, admin_state: Path) -> Iterator[Page]:
    complaints: list[str] = []
    context = visit(browser, new_house, admin_state, locale="en", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto("/admin/")
    yield page
    context.close()
    assert complaints == []


def save(page: Page) -> None:
    page.locator("button[name=_save]").click()


def expect_done(page: Page, steps: int) -> None:
    expect(page.get_by_text(f"{steps} of 6 done")).to_be_visible()
    check(page)


def test_each_first_step_leads_to_its_form_and_back(panel: Page, tmp_path: Path) -> None:
    page = panel
    expect_done(page, 0)
    with FakeUpstream(models=[{"id": "parrot"}]) as server:
        page.get_by_role("link", name="Add a server").click()
        page.locator("#id_name").fill("GPU")
        page.locator("#id_base_url").fill(server.url)
        save(page)
        expect_done(page, 1)
        server.reply("A large cage for birds.")
        page.get_by_role("link", name="Open the model").click()
        page.get_by_role("button", name="Save and try").click()
        expect(page.get_by_text("A large cage for birds.")).to_be_visible()
        expect_done(page, 2)
    page.get_by_role("link", name="Add a team").click()
    page.locator("#id_name").fill("Vorstand")
    save(page)
    expect_done(page, 3)
    page.get_by_role("link", name="Add a quota").click()
    page.locator("#id_amount").fill("2000000")
    save(page)
    expect_done(page, 4)
    page.get_by_role("link", name="Make a collection").click()
    page.get_by_label("Name").fill("Satzung")
    page.get_by_role("button", name="Save").click()
    (tmp_path / "Satzung.txt").write_text("Der Verein hat seinen Sitz in Jena.")
    page.locator("#files").set_input_files(tmp_path / "Satzung.txt")
    expect(page.get_by_role("row", name="Satzung.txt")).to_be_visible()
    page.get_by_role("link", name="Back to the first steps").click()
    expect_done(page, 5)
    page.get_by_role("link", name="Make an invitation").click()
    page.get_by_role("button", name="Make a link").click()
    expect(page.locator("#link")).to_be_visible()
    page.get_by_role("link", name="Back to the first steps").click()
    expect(page.get_by_role("heading", name="At this moment")).to_be_visible()
    expect(page.get_by_role("heading", name="First steps")).to_have_count(0)


def test_a_person_is_invited_out_of_a_spreadsheet(panel: Page, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_bytes("email;name\nneu@example.org;\nfalsch;Jörg\n".encode("cp1252"))
    panel.goto("/admin/accounts/user/")
    panel.get_by_role("link", name="Import from CSV").click()
    panel.get_by_label("CSV file").set_input_files(tmp_path / "people.csv")
    panel.get_by_role("button", name="Look at what would change").click()
    expect(panel.get_by_role("row", name="falsch")).to_contain_text("is no e-mail address")
    check(panel)
    (tmp_path / "people.csv").write_bytes(b"email;name\r\nneu@example.org;\r\n")
    panel.get_by_label("CSV file").set_input_files(tmp_path / "people.csv")
    panel.get_by_role("button", name="Look at what would change").click()
    check(panel)
    panel.get_by_role("button", name="Import all of it").click()
    expect(panel.get_by_role("row", name="neu@example.org")).to_contain_text("/accounts/invitation/")
    check(panel)


@pytest.fixture(scope="module")
def filled(new_house: Instance) -> Instance:
    done = new_house.manage("shell", "--no-imports", "-c", FILLED)
    assert done.returncode == 0, done.stderr
    return new_house


PAGES = {
    "overview": "/admin/",
    "settings": "/admin/settings/",
    "jobs": "/admin/jobs/",
    "import": "/admin/gateway/quota/import/",
    "quotas": "/admin/gateway/quota/",
    "quota": "/admin/gateway/quota/2/change/",
    "server": "/admin/gateway/upstream/4711/change/",
    "retention": "/admin/accounts/retentionrule/add/",
    "records": "/admin/records/",
    "opinions": "/admin/opinions/",
    "key": "/admin/gateway/apikey/add/",
}


@pytest.mark.parametrize(("scheme", "width", "language"), [("light", 1280, "en"), ("dark", 390, "de")])
@pytest.mark.parametrize("name", PAGES)
def test_its_pages_are_accessible(
    browser: Browser, filled: Instance, admin_state: Path, name: str, scheme: str, width: int, language: str
) -> None:
    context = visit(browser, filled, admin_state, locale=language, color_scheme=scheme,
                    viewport={"width": width, "height": 900})  # fmt: skip
    page = context.new_page()
    page.goto(PAGES[name])
    page.get_by_role("main").wait_for()
    assert page.locator("html").get_attribute("lang") == language
    check(page)
    context.close()
