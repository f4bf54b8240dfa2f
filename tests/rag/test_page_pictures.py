import asyncio
import io
import re
from unittest.mock import ANY

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from accounts.models import User
from rag import disposable, page_pictures
from rag.editions import edition
from rag.formats import PDF
from rag.marking import PageLetters, boxes_of
from rag.models import Collection, Document, DocumentText
from rag.parsing import parse
from tests.rag.files import pdf

HEAD = "Hausordnung der Voliere"
PAGES = [
    f"{HEAD}\nDer Jahresurlaub beträgt dreißig Arbeits-\ntage. Er verfällt im März.\nSo ist es.\nSeite 1",
    f"{HEAD}\nDie Belege sind binnen sechs Wochen ein-\nzureichen. Danach verfallen sie.\nSo ist es.\nSeite 2",
    f"{HEAD}\nAm Ende steht das Verzeichnis der Vögel.\nEs folgt der Anhang.\nBitte blättern.\nSeite 3",
]


@pytest.fixture
def document(collection: Collection, alice: User) -> Document:
    content = pdf(PAGES)
    document = Document(collection=collection, name="Haus.pdf", size=len(content), sha256="0" * 64)
    document.media_type, document.status = PDF, Document.Status.READY
    document.file.save("Haus.pdf", ContentFile(content), save=False)
    document.save()
    read = asyncio.run(parse(document.file, PDF))
    DocumentText.objects.create(document=document, text=read.text, page_starts=read.page_starts)
    return document


def address(document: Document, page: int = 1, **query: object) -> str:
    return reverse("rag:page-picture", args=[document.pk, page], query=query)


def shown(client: Client, document: Document, passage: str) -> str:
    text = document.content.text
    start = text.index(passage)
    query = {"start": start, "end": start + len(passage)}
    return client.get(reverse("rag:document", args=[document.pk], query=query)).content.decode()


def test_a_page_is_drawn_once_and_kept(document: Document, alices_client: Client) -> None:
    first = alices_client.get(address(document, 2, width=900))
    assert (first["Content-Type"], Image.open(io.BytesIO(first.content)).size[0]) == ("image/webp", 900)
    document.file.storage.delete(document.file.name)
    assert alices_client.get(address(document, 2, width=900)).content == first.content


def test_a_browser_asks_whether_it_may_still_show_a_picture(document: Document, alices_client: Client) -> None:
    first = alices_client.get(address(document))
    assert first["Cache-Control"] == "private, no-cache"
    again = alices_client.get(address(document), headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_stranger_is_told_nothing_even_with_a_known_picture(document: Document, charlies_client: Client) -> None:
    answer = charlies_client.get(address(document), headers={"If-None-Match": f'"{document.pk.hex}-1-1-900"'})
    assert answer.status_code == 404


@pytest.mark.parametrize("page", [0, 4, 10**9])
def test_there_is_no_picture_of_a_page_that_is_not(document: Document, alices_client: Client, page: int) -> None:
    assert alices_client.get(address(document, page)).status_code == 404


def test_the_boxes_hold_the_passage_line_by_line(document: Document) -> None:
    letters = asyncio.run(page_pictures.page_letters(edition(document, 1), 1))
    text = document.content.text
    passage = "Der Jahresurlaub beträgt dreißig Arbeitstage."
    start = text.index(passage)
    upper, lower = boxes_of(letters, text, (start, start + len(passage)))
    assert upper[3] <= lower[1] + 50 and upper[0] == lower[0] and upper[2] > 2 * lower[2]


def test_a_page_shows_its_passage_on_the_picture_and_in_the_text(document: Document, alices_client: Client) -> None:
    html = shown(alices_client, document, "Belege sind binnen sechs Wochen einzureichen")
    assert re.search(r'<path d="M\d+ \d+H\d+V\d+H\d+z"/>', html)
    assert '<mark id="passage" tabindex="-1">Belege sind binnen sechs Wochen einzureichen</mark>' in html
    assert 'name="page" min="1" max="3" value="2"' in html


def test_a_version_that_was_replaced_keeps_its_pages(document: Document, alices_client: Client) -> None:
    old = document.versions.create(
        number=1, text="Alt", page_starts=[0], media_type=PDF, size=1, created_at=document.created_at
    )
    old.file.save("alt.pdf", ContentFile(pdf(["Alt"])))
    Document.objects.update(version=2)
    page = reverse("rag:document", args=[document.pk], query={"version": 1, "start": 0, "end": 3})
    html = alices_client.get(page).content.decode()
    assert ">Alt</mark>" in html and "version=1&amp;width=900" in html
    pictures = {alices_client.get(address(document, 1, version=version)).content for version in (1, 2)}
    assert len(pictures) == 2
    assert alices_client.get(address(document, 2, version=1)).status_code == 404


def test_a_file_that_is_away_leaves_the_text_with_a_word(document: Document, alices_client: Client) -> None:
    document.file.storage.delete(document.file.name)
    html = shown(alices_client, document, "Jahresurlaub")
    assert "could not be shown as a picture" in html and "Jahresurlaub</mark>" in html
    assert alices_client.get(address(document)).status_code == 503


def test_a_damaged_page_is_told_and_leaves_no_process(document: Document, alices_client: Client) -> None:
    with document.file.storage.open(document.file.name, "wb") as file:
        file.write(b"%PDF-1.7 nothing of the kind")
    assert alices_client.get(address(document)).status_code == 503


def test_drawing_that_is_killed_is_told(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ends(module: str, *arguments: str, **limits: object) -> int:
        assert (module, limits) == ("rag.parsers.drawing", {"folder": ANY, "seconds": page_pictures.WALL_TIME})
        return -9

    monkeypatch.setattr(disposable, "run", ends)
    with pytest.raises(page_pictures.PageNotDrawn):
        asyncio.run(page_pictures.picture(edition(document, 1), 1, 900))


def letters_in_a_row(text: str) -> PageLetters:
    return PageLetters(100, text, [(index, 0, index + 1, 10) for index in range(len(text))])


def test_a_repeated_passage_is_marked_where_it_stands() -> None:
    page = letters_in_a_row("amamondamam")
    assert boxes_of(page, "Am, am Mond. Am, am", (13, 19)) == [(7, 0, 11, 10)]


def test_what_reads_otherwise_on_the_page_is_marked_by_what_is_alike() -> None:
    page = letters_in_a_row("dervogelfaengtdenwurmamfruehenmorgenimgarten")
    text = "Der Vogel fängt den Wurm am frühen Morgen im Garten"
    assert boxes_of(page, "Die Katze schläft. " + text, (0, 18)) == []  # rather nothing than the wrong thing
    assert boxes_of(page, text, (text.index("Morgen"), len(text))) == [(page.letters.index("morgen"), 0, 44, 10)]


@given(st.text(alphabet="ab.- \n", max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_a_span_of_the_same_text_is_found_to_the_letter(text: str, start: int, end: int) -> None:
    seen = "".join(filter(str.isalpha, text))
    wanted = "".join(filter(str.isalpha, text[start:end]))
    found = boxes_of(letters_in_a_row(seen), text, (start, end))
    assert sum(right - left for left, _, right, _ in found) == len(wanted)
