"""Nothing is lost: reload, second tab, stop, killed web process, killed worker."""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import EMAIL, PASSWORD, OpenPage
from tests.browser.test_journey import READY, ask, attach
from tests.fake_upstream import FakeUpstream
from tests.run.instance import Instance, eventually

pytestmark = pytest.mark.browser
WORDS = [f"Wort{number}" for number in range(80)]


@pytest.fixture
def parrot(open_page: OpenPage, upstream: FakeUpstream) -> Callable[[], Page]:
    """Ask the scripted model for a long answer; returns the page while it is being written."""

    def begin() -> Page:
        upstream.reply(" ".join(WORDS), delay=0.06)
        page = open_page()
        page.locator("select[name=model]").select_option("parrot")
        ask(page, "Sag viele Wörter")
        expect(page.get_by_role("article").last).to_contain_text("Wort9", timeout=READY)
        return page

    return begin


def answer_of(page: Page) -> list[str]:
    return re.findall(r"Wort\d+", page.get_by_role("article").last.inner_text())


def test_a_reload_in_mid_answer_loses_and_doubles_nothing(parrot: Callable[[], Page]) -> None:
    page = parrot()
    page.reload()
    expect(page.get_by_role("article").last).to_contain_text("Wort20", timeout=READY)
    in_the_middle = answer_of(page)
    expect(page.locator("article[data-status=done]").last).to_contain_text("Wort79", timeout=READY)
    assert in_the_middle == WORDS[: len(in_the_middle)] and answer_of(page) == WORDS


def test_a_second_tab_sees_the_answer_grow(parrot: Callable[[], Page]) -> None:
    page = parrot()
    second = page.context.new_page()
    second.goto(page.url)
    expect(second.locator("article[data-status=done]").last).to_contain_text("Wort79", timeout=READY)
    assert answer_of(second) == answer_of(page) == WORDS


def test_two_tabs_cannot_ask_at_once(parrot: Callable[[], Page]) -> None:
    page = parrot()
    second = page.context.new_page()
    second.goto(page.url)
    expect(second.get_by_role("button", name="Stop")).to_be_visible()
    expect(second.get_by_role("button", name="Send")).to_be_hidden()
    page.get_by_role("button", name="Stop").click()
    expect(second.get_by_role("button", name="Send")).to_be_visible()


def test_a_stop_keeps_what_was_written(parrot: Callable[[], Page], upstream: FakeUpstream) -> None:
    page = parrot()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("article[data-status=stopped]")).to_contain_text("Stopped.", timeout=5000)
    assert 9 <= len(answer_of(page)) < len(WORDS)
    upstream.wait_for(lambda server: server.calls[-1].disconnected_at)


def test_a_broken_answer_is_tried_again(parrot: Callable[[], Page], upstream: FakeUpstream) -> None:
    page = parrot()
    page.get_by_role("button", name="Stop").click()
    upstream.reply("Jetzt aber wirklich.")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("article[data-status=done]").last).to_contain_text("Jetzt aber wirklich.", timeout=READY)
    expect(page.get_by_role("article")).to_have_count(2)


def test_an_upstream_that_fails_is_named_in_place(open_page: OpenPage, upstream: FakeUpstream) -> None:
    upstream.fail(500)
    page = open_page()
    page.locator("select[name=model]").select_option("parrot")
    ask(page, "Und nun?")
    expect(page.get_by_role("alert").filter(has_text="model server")).to_be_visible(timeout=READY)
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_a_killed_web_process_leaves_the_answer_interrupted(parrot: Callable[[], Page], house: Instance) -> None:
    page = parrot()
    expect(page.get_by_role("article").last).to_contain_text("Wort35", timeout=READY)  # saved once a second
    os.kill(house.pid_of("uvicorn", "config.asgi"), signal.SIGKILL)
    expect(page.get_by_text("The connection is lost")).to_be_visible(timeout=READY)
    expect(page.locator("article[data-status=interrupted]")).to_contain_text("Wort9", timeout=40_000)
    expect(page.get_by_text("The connection is lost")).to_be_hidden()
    assert eventually(lambda: "0 0" in house.manage("shell", "-c", OPEN_CALLS).stdout, 90)


def test_a_session_that_ran_out_costs_no_word(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_role("textbox", name="Message").fill("Was ich noch fragen wollte")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Send").click()
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("textbox", name="Message")).to_have_value("Was ich noch fragen wollte")


OPEN_CALLS = """
from gateway.models import Call, Occupancy
print(Call.objects.count(), Occupancy.objects.exclude(running=0).count())
"""


def test_a_killed_worker_does_not_lose_a_document(open_page: OpenPage, house: Instance, tmp_path: Path) -> None:
    long_text = tmp_path / "Chronik.txt"
    paragraph = "Im Jahr {0} zählte der Verein {0} Vögel, darunter Dohlen, Stare und {0} Meisen. " * 4
    long_text.write_text("\n\n".join(paragraph.format(number) for number in range(400)), encoding="utf-8")
    page = open_page()
    attach(page, long_text)
    expect(page.locator(".chip")).to_contain_text("%", timeout=READY)
    os.kill(house.pid_of("celery", " -Q reading "), signal.SIGKILL)
    expect(page.locator(".chip")).to_contain_text("ready", timeout=150_000)
    ask(page, "Wie viele Meisen zählte der Verein im Jahr 317?")
    expect(page.get_by_role("article").last).to_contain_text("317 Meisen", timeout=READY)
