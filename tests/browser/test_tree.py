"""What a person does with an answer: again, in other words, onward, beside another, judged, and in a new chat."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_history import asked
from tests.browser.test_journey import READY
from tests.browser.test_looks import check
from tests.fake_upstream import FakeUpstream
from tests.run.instance import Instance

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("PICTURES")  # a folder, to look at what the tests see
# on the way for as long as the test wants it to be
LATE_SOCKET = """
const Socket = WebSocket;
window.WebSocket = function (address) {
  const late = {
    send: (text) => late.socket.send(text),
    get readyState() { return late.socket?.readyState ?? Socket.CONNECTING; },
  };
  window.connectNow = () => {
    late.socket = new Socket(address);
    for (const told of ["onopen", "onmessage", "onclose"]) late.socket[told] = (event) => late[told](event);
  };
  return late;
};
window.WebSocket.OPEN = Socket.OPEN;
"""
LOOKS = [("en", "light", 1280), ("de", "dark", 390)]


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.wait_for_timeout(250)  # what fades has faded
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def last(page: Page) -> Locator:
    return page.locator("#messages article").last


def done(page: Page, text: str) -> None:
    expect(page.locator("#messages article[data-status=done]").last).to_contain_text(text, timeout=READY)


def again(page: Page) -> None:
    last(page).locator("[data-act=again]").first.click()


@pytest.fixture(scope="module")
def wren(house: Instance) -> Iterator[FakeUpstream]:
    """A second model, on a server of its own."""
    with FakeUpstream(models=[{"id": "wren"}], titles={}) as server:
        added = house.manage("addupstream", "thicket", server.url)
        assert added.returncode == 0, added.stderr
        yield server
    removed = house.manage(
        "shell", "-c", "from gateway.models import Upstream; Upstream.objects.get(name='thicket').delete()"
    )
    assert removed.returncode == 0, removed.stderr


def test_an_answer_comes_again_and_versions_are_turned(open_page: OpenPage, upstream: FakeUpstream) -> None:
    page = open_page()
    asked(page, upstream, "Wann öffnet ihr?", "Um neun Uhr.", "Öffnung")
    second = page.context.new_page()
    second.goto(page.url)
    upstream.reply("Um zehn Uhr.")
    again(page)
    done(page, "Um zehn Uhr.")
    done(second, "Um zehn Uhr.")
    expect(page.locator("#messages article")).to_have_count(2)
    expect(last(page).get_by_role("group", name="Version 2 of 2")).to_be_visible()
    last(page).get_by_role("link", name="Previous version").click()
    expect(last(page)).to_contain_text("Um neun Uhr.")
    expect(last(second)).to_contain_text("Um neun Uhr.")  # the other tab comes along
    expect(page.get_by_role("link", name="Next version")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(last(page)).to_contain_text("Um zehn Uhr.")
    expect(page.locator("#announce")).to_have_text("Version 2 of 2")
    page.keyboard.press("ArrowLeft")
    expect(last(page)).to_contain_text("Um neun Uhr.")
    page.reload()
    expect(last(page)).to_contain_text("Um neun Uhr.")


def test_another_model_is_chosen_from_the_menu(open_page: OpenPage, upstream: FakeUpstream, wren: FakeUpstream) -> None:
    page = open_page()
    asked(page, upstream, "Was singt dort?", "Eine Amsel.", "Gesang")
    wren.reply("Ein Zaunkönig.")
    last(page).get_by_label("More").focus()
    page.keyboard.press("Enter")
    picture(page, "tree-menu")
    last(page).get_by_role("link", name="Answer with another model").click()
    last(page).get_by_role("button", name="wren", exact=True).click()
    done(page, "Ein Zaunkönig.")
    expect(last(page).get_by_role("heading")).to_have_text("wren")


def test_another_models_answer_is_put_beside_and_taken(
    open_page: OpenPage, upstream: FakeUpstream, wren: FakeUpstream
) -> None:
    page = open_page()
    asked(page, upstream, "Was singt dort?", "Eine Amsel.", "Gesang")
    wren.reply("Ein Zaunkönig.")
    last(page).get_by_label("More").click()
    last(page).get_by_role("link", name="Answer with another model").click()
    last(page).get_by_label("Side by side with this answer").check()
    last(page).get_by_role("button", name="wren", exact=True).click()
    expect(page.locator(".pair article[data-status=done]")).to_have_count(2, timeout=READY)
    check(page)
    last(page).locator("[data-act=take]").click()
    expect(page.locator(".pair")).to_have_count(0)
    done(page, "Ein Zaunkönig.")


def test_a_question_is_edited_in_its_place(open_page: OpenPage, upstream: FakeUpstream) -> None:
    page = open_page()
    asked(page, upstream, "Wan öfnet ihr?", "Unklar.", "Öffnung")
    question = page.locator("#messages article").first
    question.get_by_role("link", name="Edit").click()
    editor = page.get_by_role("textbox", name="Your message")
    expect(editor).to_be_focused()
    expect(editor).to_have_value("Wan öfnet ihr?")
    picture(page, "tree-editor")
    page.keyboard.press("Escape")
    expect(question.get_by_role("link", name="Edit")).to_be_focused()
    page.keyboard.press("Enter")
    upstream.reply("Um neun Uhr.")
    editor.fill("Wann öffnet ihr?")
    page.keyboard.press("Control+Enter")
    done(page, "Um neun Uhr.")
    expect(page.locator("#messages article")).to_have_count(2)
    expect(page.locator("#messages article").first).to_contain_text("Wann öffnet ihr?")
    page.get_by_role("link", name="Previous version").click()
    done(page, "Unklar.")


def test_an_edited_answer_says_so(open_page: OpenPage, upstream: FakeUpstream) -> None:
    page = open_page()
    asked(page, upstream, "Wann öffnet ihr?", "Um **neun** Uhr.", "Öffnung")
    last(page).get_by_label("More").click()
    last(page).get_by_role("link", name="Edit this answer").click()
    expect(page.get_by_role("textbox", name="Text of the answer")).to_have_value("Um **neun** Uhr.")
    page.get_by_role("textbox", name="Text of the answer").fill("Um **acht** Uhr.")
    page.get_by_role("button", name="Save").click()
    expect(last(page)).to_contain_text("Um acht Uhr.")
    expect(last(page).get_by_role("heading")).to_contain_text("Edited by a person")
    picture(page, "tree-edited")


def test_a_stopped_answer_goes_on(open_page: OpenPage, upstream: FakeUpstream) -> None:
    page = open_page()
    asked(page, upstream, "Wer bist du?", "Ein Papagei.", "Papagei")
    upstream.reply(" ".join(f"Wort{number}" for number in range(100)), delay=0.05)
    page.locator("#text").fill("Sag viele Wörter")
    page.locator("#send").click()
    expect(last(page)).to_contain_text("Wort9", timeout=READY)
    page.get_by_role("button", name="Stop").click()
    expect(last(page)).to_have_attribute("data-status", "stopped")
    picture(page, "tree-stopped")
    upstream.reply("und das war alles.")
    last(page).get_by_role("button", name="Continue", exact=True).click()
    done(page, "und das war alles.")
    expect(last(page)).to_contain_text("Wort9")
    expect(page.locator("#messages article")).to_have_count(4)


@pytest.mark.parametrize(("language", "scheme", "width"), LOOKS)
def test_two_models_answer_side_by_side_and_one_is_taken(
    open_page: OpenPage, upstream: FakeUpstream, wren: FakeUpstream, language: str, scheme: str, width: int
) -> None:
    page = open_page(locale=language, color_scheme=scheme, width=width)
    asked(page, upstream, "Wer seid ihr?", "Vögel.", "Vögel")
    page.locator("#compare").click()
    page.locator("select[name=beside]").select_option("wren")
    for server in (upstream, wren):
        server.reply(" ".join(f"Wort{number}" for number in range(40)), delay=0.05)
    page.locator("#text").fill("Was frisst ein Wellensittich?")
    page.locator("#send").click()
    for answer in page.locator(".pair article").all():
        expect(answer).to_contain_text("Wort9", timeout=READY)
    expect(page.locator(".pair article[aria-busy]")).to_have_count(2)
    picture(page, f"tree-comparing-{scheme}")
    page.reload()
    expect(page.locator(".pair article[data-status=done]")).to_have_count(2, timeout=READY)
    for answer in page.locator(".pair .prose").all():
        assert answer.inner_text().split() == [f"Wort{number}" for number in range(40)]
    check(page)
    picture(page, f"tree-compared-{scheme}")
    page.locator("#text").fill("Weiter?")
    page.locator("#send").click()
    expect(page.locator("#refusal")).to_be_visible()
    page.locator(".pair article").last.locator("[data-act=take]").click()
    expect(page.locator(".pair")).to_have_count(0)
    expect(last(page).get_by_role("heading")).to_have_text("wren")
    upstream.reply("Gern.")
    page.locator("#send").click()
    done(page, "Gern.")
    expect(page.locator("#messages article")).to_have_count(6)


@pytest.mark.parametrize(("language", "scheme", "width"), LOOKS)
def test_an_opinion_is_given_explained_and_taken_back(
    open_page: OpenPage, upstream: FakeUpstream, language: str, scheme: str, width: int
) -> None:
    page = open_page(locale=language, color_scheme=scheme, width=width)
    asked(page, upstream, "Wann öffnet ihr?", "Um **neun** Uhr.\n\n" * 3, "Öffnung")
    bad = last(page).locator("[data-act=opinion]").last
    bad.click()
    expect(bad).to_have_attribute("aria-pressed", "true")
    expect(bad).to_be_focused()
    check(page)
    picture(page, f"tree-opinion-{scheme}")
    last(page).locator("[name=reason][value=wrong]").check(force=True)
    last(page).locator(".opinion [name=words]").fill("Um acht.")
    page.keyboard.press("Enter")
    expect(last(page).locator(".opinion summary")).to_contain_text("Um acht.")
    page.reload()
    expect(bad).to_have_attribute("aria-pressed", "true")
    bad.click()
    expect(bad).to_have_attribute("aria-pressed", "false")
    expect(last(page).locator(".opinion")).to_have_count(0)


def test_a_chat_goes_on_in_a_new_one(open_page: OpenPage, upstream: FakeUpstream) -> None:
    page = open_page()
    asked(page, upstream, "Wann öffnet ihr?", "Um neun Uhr.", "Besuch")
    before = page.url
    last(page).get_by_label("More").click()
    last(page).get_by_role("button", name="Continue from here in a new chat").click()
    expect(page.locator(".chat-head h1")).to_have_text("Besuch (2)")
    assert page.url != before
    done(page, "Um neun Uhr.")
    picture(page, "tree-fork")


def test_a_tab_on_another_branch_is_left_alone(open_page: OpenPage, upstream: FakeUpstream) -> None:
    page = open_page()
    asked(page, upstream, "Wann öffnet ihr?", "Um neun Uhr.", "Öffnung")
    old = last(page).get_attribute("id") or ""
    upstream.reply("Um zehn Uhr.")
    again(page)
    done(page, "Um zehn Uhr.")
    aside = page.context.new_page()
    aside.goto(f"{page.url}?message={old.removeprefix('m-')}")
    done(aside, "Um neun Uhr.")
    upstream.reply("Nur hier.")
    page.locator("#text").fill("Wirklich?")
    page.locator("#send").click()
    done(page, "Nur hier.")
    expect(aside.locator("#messages article")).to_have_count(2)
    upstream.reply("Dort geht es weiter.")
    aside.locator("#text").fill("Und sonntags?")
    aside.locator("#send").click()
    done(aside, "Dort geht es weiter.")
    expect(aside.locator("#messages")).to_contain_text("Um neun Uhr.")
    done(page, "Dort geht es weiter.")  # what is asked is shown everywhere
    expect(page.locator("#messages")).not_to_contain_text("Nur hier.")


def test_a_tab_whose_socket_is_late_comes_along(open_page: OpenPage, upstream: FakeUpstream) -> None:
    page = open_page()
    asked(page, upstream, "Wann öffnet ihr?", "Um neun Uhr.", "Öffnung")
    late = page.context.new_page()
    late.add_init_script(LATE_SOCKET)
    late.goto(page.url)
    upstream.reply("Um zehn Uhr.")
    again(page)
    done(page, "Um zehn Uhr.")
    expect(last(late)).to_contain_text("Um neun Uhr.")
    late.evaluate("connectNow()")
    done(late, "Um zehn Uhr.")


def test_what_is_being_edited_survives_another_tab(open_page: OpenPage, upstream: FakeUpstream) -> None:
    page = open_page()
    asked(page, upstream, "Wann öffnet ihr?", "Um neun Uhr.", "Öffnung")
    page.locator("#messages article").first.get_by_role("link", name="Edit").click()
    editor = page.get_by_role("textbox", name="Your message")
    editor.fill("Wann schließt ihr?")
    second = page.context.new_page()
    second.goto(page.url)
    upstream.reply("Um zehn Uhr.")
    again(second)
    done(second, "Um zehn Uhr.")
    expect(editor).to_have_value("Wann schließt ihr?")
    upstream.reply("Um fünf Uhr.")
    editor.press("Control+Enter")
    done(page, "Um fünf Uhr.")
    done(second, "Um fünf Uhr.")


def test_the_panel_counts_opinions(open_page: OpenPage, upstream: FakeUpstream) -> None:
    page = open_page()
    asked(page, upstream, "Wann öffnet ihr?", "Um neun Uhr.", "Öffnung")
    last(page).get_by_role("button", name="Good answer").click()
    expect(last(page).get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
    page.goto(urljoin(page.url, "/admin/"))
    page.get_by_role("link", name="Opinions").click()
    expect(page.get_by_role("row", name="parrot")).to_be_visible()
    picture(page, "tree-panel")


@pytest.mark.parametrize(("language", "scheme", "width"), LOOKS)
def test_the_actions_are_accessible(
    open_page: OpenPage, upstream: FakeUpstream, language: str, scheme: str, width: int
) -> None:
    page = open_page(locale=language, color_scheme=scheme, width=width, has_touch=width < 500, is_mobile=width < 500)
    asked(page, upstream, "Wann öffnet ihr?", "Um neun Uhr.", "Öffnung")
    upstream.reply("Um zehn Uhr, sonntags um elf.")
    again(page)
    done(page, "sonntags um elf")
    check(page)
    picture(page, f"tree-actions-{scheme}")
    last(page).locator(".more > summary").click()
    check(page)
    picture(page, f"tree-more-{scheme}")
    page.keyboard.press("Escape")
    page.locator("#messages article").first.locator("[data-edit]").click()
    expect(page.locator("[data-edit-form] textarea")).to_be_focused()
    check(page)
    picture(page, f"tree-edit-{scheme}")


def test_without_script_versions_are_links_and_editing_a_page(open_page: OpenPage, upstream: FakeUpstream) -> None:
    page = open_page()
    asked(page, upstream, "Wann öffnet ihr?", "Um neun Uhr.", "Öffnung")
    plain = open_page(urlsplit(page.url).path, java_script_enabled=False)
    last(plain).locator(".more > summary").click()
    last(plain).get_by_role("link", name="Edit this answer").click()
    plain.get_by_role("textbox", name="Text of the answer").fill("Um acht Uhr.")
    plain.get_by_role("button", name="Save").click()
    expect(last(plain)).to_contain_text("Um acht Uhr.")
    last(plain).get_by_role("link", name="Previous version").click()
    expect(last(plain)).to_contain_text("Um neun Uhr.")
    plain.get_by_role("button", name="Good answer").click()
    expect(plain.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
