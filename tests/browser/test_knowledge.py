"""A collection over its life: a folder comes in, answers cite it, a version changes, it is searched."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenPage, follow
from tests.browser.files import handbook
from tests.browser.test_journey import READY, ask
from tests.browser.test_looks import check

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("Verein") / "Unterlagen"
    (found / "Protokolle").mkdir(parents=True)
    handbook(found / "Handbuch.pdf")
    (found / "Schlüssel.txt").write_text("Den Schlüssel zum Archiv verwahrt Frau Amsel im Büro im zweiten Stock.")
    (found / "Protokolle" / "Mai.txt").write_text("Im Mai beschloss der Vorstand, sieben neue Nistkästen zu kaufen.")
    (found / "Protokolle" / "kaputt.pdf").write_bytes(b"%PDF-1.7\n" + b"cut off" * 10)
    (found / "Foto.png").write_bytes(b"\x89PNG\r\n")
    (found / ".DS_Store").write_bytes(b"\0")
    return found


def make(page: Page, name: str) -> None:
    page.get_by_label("Name").fill(name)
    follow(page, page.get_by_role("button", name="Save"))
    expect(page.get_by_role("heading", name=name)).to_be_visible()


@pytest.fixture
def filled(open_page: OpenPage, folder: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    page = open_page("/knowledge/new/")
    make(page, f"Verein {request.node.name[:40]}")
    page.get_by_label("Add a folder").set_input_files(folder)
    expect(page.locator("#batch-text")).to_have_text("Added: 4. Already there: 0. Not added: 1.", timeout=READY)
    expect(page.get_by_role("row", name="Handbuch.pdf")).to_contain_text("ready", timeout=READY)
    expect(page.get_by_role("row", name="kaputt.pdf")).to_contain_text("incomplete", timeout=READY)
    expect(page.locator("#summary")).to_have_text("4 documents, 1 not read", timeout=READY)
    yield page


def test_a_folder_is_dropped_with_all_that_is_in_it(open_page: OpenPage, folder: Path) -> None:
    page = open_page("/knowledge/new/")
    make(page, "Fallen gelassen")
    box = page.locator("#upload").bounding_box()
    assert box
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    hand = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        hand.send("Input.dispatchDragEvent", {"type": kind, **place, "data": data})
    expect(page.locator("#batch-text")).to_have_text("Added: 4. Already there: 0. Not added: 1.", timeout=READY)
    expect(page.get_by_role("row", name="Mai.txt")).to_contain_text("Unterlagen/Protokolle/")


@pytest.mark.parametrize("turn", [1, -1])
def test_two_looks_at_the_list_at_once_lose_no_document(open_page: OpenPage, folder: Path, turn: int) -> None:
    page = open_page("/knowledge/new/")
    make(page, f"Zwei Blicke {turn}")
    found, looks = [page.request.get(page.url)], list[Route]()  # the first look comes before any document
    page.route(page.url, lambda route: looks.append(route))  # Playwright wants a function
    page.get_by_label("Add a folder").set_input_files(folder)
    expect(page.locator("#batch-text")).to_have_text("Added: 4. Already there: 0. Not added: 1.", timeout=READY)
    page.wait_for_timeout(500)
    assert len(looks) == 2
    found.append(page.request.get(page.url))
    for route, response in list(zip(looks, found, strict=True))[::turn]:
        route.fulfill(response=response)
    page.unroute(page.url)
    expect(page.locator("#documents [data-document]")).to_have_count(4)


def test_a_folder_is_read_but_for_its_bad_files_and_cited(filled: Page) -> None:
    page = filled
    expect(page.locator("#uploads")).to_contain_text("Unterlagen/Foto.png: The content of this file")
    expect(page.get_by_role("row", name="Mai.txt")).to_contain_text("Unterlagen/Protokolle/")
    name = page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("button", name="New chat").click()
    page.locator("summary", has_text="Knowledge").click()
    page.get_by_label(name).check()
    page.keyboard.press("Escape")
    for question, answer in (
        ("Wer verwahrt den Schlüssel zum Archiv?", "Frau Amsel"),
        ("Wie hoch ist das Tagegeld?", "28 Euro"),
    ):
        ask(page, question)
        expect(page.get_by_role("article").last).to_contain_text(answer, timeout=READY)
        expect(page.locator("article[data-status=done]").last).to_contain_text(answer, timeout=READY)
        said = page.locator("#messages article").last.locator("blockquote p", has_text=answer)
        said.first.get_by_role("link", name="Source").first.click()
        expect(page.locator("mark", has_text=answer).first).to_be_visible()
        page.locator("#panel-close").click()


def test_an_old_citation_opens_the_old_version(filled: Page, tmp_path: Path) -> None:
    page = filled
    name, collection = page.get_by_role("heading", level=1).inner_text(), page.url
    page.get_by_role("button", name="New chat").click()
    page.locator("summary", has_text="Knowledge").click()
    page.get_by_label(name).check()
    page.keyboard.press("Escape")
    ask(page, "Wer verwahrt den Schlüssel zum Archiv?")
    expect(page.locator("article[data-status=done]").last).to_contain_text("Frau Amsel", timeout=READY)
    conversation = page.url
    page.goto(collection)
    newer = tmp_path / "Unterlagen"
    newer.mkdir()
    (newer / "Schlüssel.txt").write_text("Den Schlüssel zum Archiv verwahrt jetzt Herr Specht am Empfang.")
    page.get_by_label("Add a folder").set_input_files(newer)
    expect(page.get_by_role("row", name="Schlüssel.txt").filter(has_text="version 2")).to_be_visible(timeout=READY)
    page.goto(conversation)
    page.get_by_role("link", name="Source 1").first.click()
    expect(page.locator("mark", has_text="Frau Amsel").first).to_be_visible()
    page.goto(collection)
    page.get_by_role("searchbox").fill("Schlüssel Archiv")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator(".hit").first).to_contain_text("Herr Specht")
    expect(page.get_by_text("Frau Amsel")).to_have_count(0)


def test_reading_is_cancelled_and_tried_again(open_page: OpenPage, tmp_path: Path) -> None:
    long = tmp_path / "lang.txt"
    long.write_text("\n\n".join(f"Absatz {n}: Die Dohle {n} sammelt {n} Zweige für ihr Nest." * 8 for n in range(800)))
    page = open_page("/knowledge/new/")
    make(page, "Abbruch")
    page.get_by_label("Add files").set_input_files(long)
    row = page.get_by_role("row", name="lang.txt")
    expect(row).to_contain_text("part ", timeout=READY)
    row.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("row", name="lang.txt")).to_contain_text("cancelled")
    page.get_by_role("row", name="lang.txt").get_by_role("button", name="Try lang.txt again").click()
    expect(page.get_by_role("row", name="lang.txt")).to_contain_text("being", timeout=READY)
    page.get_by_role("row", name="lang.txt").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("row", name="lang.txt")).to_contain_text("cancelled")


def test_passages_are_searched_and_opened(filled: Page) -> None:
    page = filled
    page.get_by_role("searchbox").fill("Nistkästen")
    page.keyboard.press("Enter")
    expect(page.locator(".hit").first.locator("mark").first).to_have_text("Nistkästen")
    page.get_by_role("link", name="Try out answers").click()
    expect(page.locator(".scores").first).to_contain_text("Source 1 Score")
    page.get_by_role("link", name="Mai.txt").first.click()
    expect(page.locator("mark", has_text="Nistkästen").first).to_be_visible()
    page.get_by_role("link", name="Back to the search").click()
    expect(page.locator(".scores").first).to_be_visible()


@pytest.mark.parametrize(("language", "scheme", "width"), [("en", "light", 1280), ("de", "dark", 390)])
def test_every_page_of_a_collection_is_accessible(
    filled: Page, open_page: OpenPage, language: str, scheme: str, width: int
) -> None:
    address = "/knowledge/" + filled.url.split("/knowledge/")[1]
    below = ("", "?name=nichts", "?sort=size", "search/?q=Urlaub+und+Schlüssel", "search/?q=", "try/?q=Urlaub", "edit/")
    for path in [*(address + each for each in below), "/knowledge/search/?q=Tagegeld", "/knowledge/"]:
        check(open_page(path, locale=language, color_scheme=scheme, width=width))
