"""An answer with everything in it, as a person sees it: in both languages and themes, on a desk and on a phone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import EMAIL, PASSWORD, OpenPage
from tests.browser.test_journey import READY, ask
from tests.browser.test_looks import check
from tests.fake_upstream import FakeUpstream
from tests.run.instance import Instance

pytestmark = pytest.mark.browser
EVERYTHING = Path(__file__).with_name("everything.md").read_text(encoding="utf-8")
THOUGHTS = "<think>Die Frage gilt der Brutpflege. Ich rechne den Bedarf aus und schreibe ein Beispiel.</think>"


@pytest.fixture
def everything(open_page: OpenPage, upstream: FakeUpstream) -> Callable[..., Page]:
    def answered(**options: object) -> Page:
        upstream.reply(THOUGHTS + EVERYTHING, delay=0.002)
        page = open_page(**options)
        page.locator("select[name=model]").select_option("parrot")
        page.locator("#text").fill("Wie viel Futter brauchen unsere Stare?")
        page.locator("#send").click()
        expect(page.locator("article[data-status=done]").last).to_contain_text("Ringfund", timeout=READY)
        return page

    return answered


@pytest.mark.parametrize(
    ("language", "scheme", "width"),
    [("en", "light", 1280), ("de", "dark", 1280), ("de", "light", 390), ("en", "dark", 390)],
)
def test_an_answer_with_everything_is_accessible(
    everything: Callable[..., Page], language: str, scheme: str, width: int, tmp_path: Path
) -> None:
    page = everything(locale=language, color_scheme=scheme, width=width)
    check(page)
    page.locator("summary", has_text="s").locator("visible=true").last.click()
    page.set_viewport_size({"width": width, "height": 2600})
    page.screenshot(path=tmp_path / f"everything-{language}-{scheme}-{width}.png")


def test_thoughts_are_folded_and_can_be_opened(everything: Callable[..., Page]) -> None:
    page = everything()
    expect(page.get_by_text("Brutpflege", exact=False).first).to_be_hidden()
    page.get_by_text("Thought for").click()
    expect(page.get_by_text("Die Frage gilt der Brutpflege.")).to_be_visible()


def test_code_is_copied_by_its_button(everything: Callable[..., Page]) -> None:
    page = everything(permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy code").first.click()
    expect(page.locator("#announce")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith("def bedarf(")


def test_a_long_code_block_grows_through_a_reload_without_gap_or_doubling(
    open_page: OpenPage, upstream: FakeUpstream
) -> None:
    lines = [f"zeile_{number} = {number}" for number in range(300)]
    upstream.reply("```python\n" + "\n".join(lines) + "\n```", delay=0.01)
    page = open_page()
    page.locator("select[name=model]").select_option("parrot")
    ask(page, "Schreib viele Zeilen")
    code = page.locator("article").last.locator("pre code")
    expect(code).to_contain_text("zeile_120 ", timeout=READY)
    page.reload()
    expect(code).to_contain_text("zeile_150 ", timeout=READY)
    shown = code.inner_text().strip().split("\n")
    assert shown[:-1] == lines[: len(shown) - 1]
    expect(page.locator("article[data-status=done]")).to_have_count(2, timeout=READY)
    assert code.inner_text().strip().split("\n") == lines


MANY = """
from accounts.models import User
from chat.models import Conversation
conversation = Conversation.objects.create(owner=User.objects.get(email="ada@example.org"), title="Lang")
parent = None
for number in range(100):
    parent = conversation.messages.create(parent=parent, role="user", text=f"Nachricht {number:03}")
    if number == 10: print(parent.get_absolute_url())
"""


def test_earlier_messages_come_on_scrolling_and_a_named_one_is_found(open_page: OpenPage, house: Instance) -> None:
    address = house.manage("shell", "-c", MANY).stdout.strip().splitlines()[-1]
    page = open_page(address.partition("?")[0])
    expect(page.get_by_text("Nachricht 099")).to_be_in_viewport()
    expect(page.get_by_text("Nachricht 070")).to_have_count(0)
    page.locator("#scroll").evaluate("element => element.scrollTo(0, 0)")
    expect(page.get_by_text("Nachricht 070")).to_have_count(1)
    page.goto(page.url + "#" + address.partition("#")[2])
    page.reload()
    expect(page.get_by_text("Nachricht 010")).to_be_in_viewport()


def sign_in(page: Page) -> None:
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("textbox", name="Message").wait_for()


END_SESSION = "from django.contrib.sessions.models import Session; Session.objects.filter(session_key='{}').delete()"


def test_a_session_that_ends_in_mid_answer_is_told_and_costs_no_word(
    open_page: OpenPage, upstream: FakeUpstream, house: Instance
) -> None:
    upstream.reply("Wort " * 400, delay=0.05)
    page = open_page(signed=False)
    sign_in(page)
    page.locator("select[name=model]").select_option("parrot")
    ask(page, "Sag viele Wörter")
    expect(page.get_by_role("article").last).to_contain_text("Wort Wort", timeout=READY)
    session = next(cookie for cookie in page.context.cookies() if cookie["name"] == "sessionid")
    house.manage("shell", "-c", END_SESSION.format(session["value"]))
    expect(page.get_by_text("can no longer be reached here")).to_be_visible(timeout=READY)
    expect(page.get_by_role("article").last).to_contain_text("Wort Wort")
