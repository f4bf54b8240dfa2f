"""A model whose server sleeps: the page says until when, or that it wakes, and the answer comes."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_journey import READY
from tests.browser.test_looks import check
from tests.fake_upstream import FakeUpstream
from tests.gateway.scripted import Scripted
from tests.run.instance import Instance

pytestmark = pytest.mark.browser
ASLEEP = """
from datetime import timedelta
from django.utils import timezone
from gateway.models import Occupancy, ServerHours, Upstream
tomorrow = timezone.localdate() + timedelta(days=1)
ServerHours.objects.create(upstream=Upstream.objects.get(name="owlery"), week=[""] * 7, wakes_on_demand=False,
    exceptions=f"{{tomorrow}} 08:00-18:00", state="asleep", since=timezone.now(),
    start_url="{hook}/start", stop_url="{hook}/stop")
Occupancy.objects.filter(deployment__upstream__name="owlery").update(is_awake=False)
"""
MAY_WAKE = "from gateway.models import ServerHours; ServerHours.objects.update(wakes_on_demand=True)"


@pytest.fixture
def hook() -> Iterator[Scripted]:
    with Scripted() as server:
        yield server


@pytest.fixture
def owl(house: Instance, hook: Scripted) -> Iterator[FakeUpstream]:
    """Asleep until tomorrow at eight, and loading for a while once it is started."""
    with FakeUpstream(models=[{"id": "owl"}]) as server:
        added = house.manage("addupstream", "owlery", server.url)
        assert added.returncode == 0, added.stderr
        server.models_status = 503
        slept = house.manage("shell", "--no-imports", "-c", ASLEEP.format(hook=hook.url))
        assert slept.returncode == 0, slept.stderr
        yield server
        remove = "from gateway.models import Upstream; Upstream.objects.filter(name='owlery').delete()"
        house.manage("shell", "--no-imports", "-c", remove)


def asked(page: Page) -> Page:
    page.locator("select[name=model]").select_option("owl")
    page.locator("#text").fill("Wer wacht nachts?")
    page.locator("#send").click()
    return page


def test_a_question_waits_and_is_answered_when_the_server_is_awake(
    open_page: OpenPage, house: Instance, owl: FakeUpstream, hook: Scripted
) -> None:
    page = asked(open_page(locale="de", color_scheme="dark", width=390))
    said = page.locator("[data-part=status-text]").last
    expect(said).to_contain_text("Das Modell schläft bis", timeout=READY)
    expect(said).to_contain_text("8:00")
    expect(said).to_contain_text("Die Frage wartet und wird dann beantwortet.")
    check(page)
    page.reload()
    expect(page.locator("[data-part=status-text]").last).to_contain_text("schläft bis", timeout=15_000)
    assert hook.asked == []
    house.manage("shell", "--no-imports", "-c", MAY_WAKE)
    expect(page.locator("[data-part=status-text]").last).to_contain_text("Das Modell wacht auf", timeout=READY)
    owl.reply("Die Eule.")
    owl.models_status = 200
    expect(page.locator("article[data-status=done]").last).to_contain_text("Die Eule.", timeout=60_000)
    assert [path for _method, path, _headers, _body in hook.asked] == ["/start"]


def test_the_waiting_is_stopped_like_an_answer(open_page: OpenPage, owl: FakeUpstream) -> None:
    page = asked(open_page())
    expect(page.locator("[data-part=status-text]").last).to_contain_text("asleep until", timeout=READY)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("article[data-status=stopped]")).to_be_visible(timeout=READY)
    assert owl.calls == []
