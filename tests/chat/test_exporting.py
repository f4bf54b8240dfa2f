"""A conversation as a file: what stands in it, that it says who wrote it, and that nothing in it is active."""

import io
import json
import zipfile
from typing import Any

import docx
import pypdfium2
import pytest
from defusedxml import ElementTree
from django.test import Client
from django.urls import reverse
from markdown_it import MarkdownIt
from odf.opendocument import load

from accounts.models import User
from chat.exporting.blocks import Code, Heading, Paragraph, Table, blocks_of
from chat.exporting.inert import inert
from chat.models import Conversation, Message
from tests.chat.exchanges import answered, cite, document_of

ANSWER = """# Urlaub

Es sind **30 Tage** [1], siehe [Regeln](https://example.org/regeln).

- Montag
- Dienstag
  1. früh

| Tag | Zeit |
|-----|------|
| Mo  | neun |

```python
print("Grüße")
```
"""
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![x](https://evil.example/pixel.png)",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html;base64,PHN2Zz4=)",
    "[x][1]\n\n[1]: javascript:alert(1)",
    "![x][1]\n\n[1]: https://evil.example/p.png",
    "<a href='javascript:alert(1)'>x</a>",
    "> <svg onload=alert(1)>",
    "- <iframe src=//evil.example>",
    "`unclosed <img src=x>",
    "\\`<img src=x>`",
    "| a |\n|---|\n| <img src=x> |",
    "```\n<b>code</b>\n```\n<b>kein code</b>",
    "<javascript:alert(1)>",
    "text\n<div>\n\n![y](//evil.example/y.png)",
]


@pytest.fixture
def exported(conversation: Conversation, alice: User) -> Conversation:
    answer = answered(conversation, "Wie viele Tage\n<b>Urlaub</b>?", ANSWER)
    cite(answer, document_of(alice), text="Der Urlaub beträgt 30 Tage.")
    return conversation


def export(client: Client, conversation: Conversation, name: str) -> bytes:
    response = client.get(reverse("chat:export", args=[conversation.id, name]))
    assert response.status_code == 200 and response["X-AI-Generated"] == "true"
    return b"".join(response.streaming_content)  # type: ignore[arg-type]


def test_markdown_says_in_words_and_for_programs_who_wrote_it(alices_client: Client, exported: Conversation) -> None:
    text = export(alices_client, exported, "md").decode()
    assert 'digitalSourceType: "trainedAlgorithmicMedia"' in text and 'models: ["parrot"]' in text
    assert "Answers in this document were written by parrot (AI)" in text
    assert ANSWER.strip() in text and "Handbuch.pdf, page 2" in text and "“Der Urlaub beträgt 30 Tage.”" in text


def test_word_gets_real_headings_lists_tables_and_links(alices_client: Client, exported: Conversation) -> None:
    word = docx.Document(io.BytesIO(export(alices_client, exported, "docx")))
    styles = {paragraph.text: paragraph.style.name for paragraph in word.paragraphs if paragraph.style}
    assert styles["Urlaub"] == "Heading 2" and styles["Montag"] == "List Bullet"
    assert [[cell.text for cell in row.cells] for row in word.tables[0].rows] == [["Tag", "Zeit"], ["Mo", "neun"]]
    assert "https://example.org/regeln" in {relation.target_ref for relation in word.part.rels.values()}
    assert word.core_properties.category == "AI-generated"
    assert "trainedAlgorithmicMedia" in word.core_properties.keywords


def test_open_document_gets_the_same(alices_client: Client, exported: Conversation) -> None:
    content = export(alices_client, exported, "odt")
    load(io.BytesIO(content))
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        text, meta = packed.read("content.xml").decode(), packed.read("meta.xml").decode()
    ElementTree.fromstring(text)
    assert "<table:table-row" in text and 'xlink:href="https://example.org/regeln"' in text and "text:h " in text
    assert "trainedAlgorithmicMedia" in meta and "AI: parrot" in meta


def test_pdf_has_its_text_and_its_marks(alices_client: Client, exported: Conversation) -> None:
    content = export(alices_client, exported, "pdf")
    pdf = pypdfium2.PdfDocument(content)
    text = "".join(page.get_textpage().get_text_range() for page in pdf)
    assert "Grüße" in text and "Handbuch.pdf, page 2" in text and "parrot (AI)" in text
    assert "trainedAlgorithmicMedia" in pdf.get_metadata_value("Keywords")
    assert b"Iptc4xmpExt:DigitalSourceType" in content


def words(name: str, content: bytes) -> str:
    match name:
        case "docx":
            return "\n".join(paragraph.text for paragraph in docx.Document(io.BytesIO(content)).paragraphs)
        case "odt":
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                return "".join(ElementTree.fromstring(packed.read("content.xml")).itertext())
        case "pdf":
            return "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(content))
    return content.decode()


@pytest.mark.parametrize("name", ["md", "docx", "odt", "pdf", "json"])
def test_formulas_stand_in_every_format_as_they_are_written(
    name: str, alices_client: Client, conversation: Conversation
) -> None:
    answered(conversation, text="Im Text $a^2+b^2=c^2$ und allein:\n\n$$\nE=m\\cdot c^2\n$$\n")
    text = words(name, export(alices_client, conversation, name))
    assert "a^2+b^2=c^2" in text and r"E=m\cdot c^2" in text.replace("\\\\", "\\")


@pytest.mark.parametrize("name", ["md", "docx", "odt", "pdf", "json"])
def test_an_assistant_is_named_beside_its_model(name: str, alices_client: Client, conversation: Conversation) -> None:
    answered(conversation, assistant="Rechtsberatung")
    text = words(name, export(alices_client, conversation, name))
    assert "Rechtsberatung" in text and "parrot" in text


def test_json_holds_every_branch_and_marks_each_answer(alices_client: Client, exported: Conversation) -> None:
    first = exported.messages.get(role="assistant")
    Message.objects.create(conversation=exported, parent=first.parent, role="assistant", text="Anders", model="owl")
    got = json.loads(export(alices_client, exported, "json"))
    assert (got["format"], got["version"]) == ("voliere-conversations", 1)
    messages = got["conversations"][0]["messages"]
    assert [(message["model"], message["ai_generated"]) for message in messages] == [
        ("", False), ("parrot", True), ("owl", True)
    ]  # fmt: skip
    assert messages[1]["citations"][0]["quote"] == "Der Urlaub beträgt 30 Tage."


@pytest.mark.parametrize("name", ["md", "docx", "odt", "pdf", "json"])
@pytest.mark.parametrize(
    "text", ["\x01\x0b\ufffe]]>", "日本 😀 العربية", "", "[" * 3000, "> " * 500 + "tief", "|a|\n|-|\n|"]
)
def test_nothing_that_a_model_says_breaks_an_export(
    alices_client: Client, conversation: Conversation, name: str, text: str
) -> None:
    answered(conversation, f"Frage {text}", f"Antwort {text}\n\n{text}\n")
    Conversation.objects.update(title=f"T/..\\ {text}"[:150])
    assert export(alices_client, conversation, name)


@pytest.mark.parametrize("text", HOSTILE)
def test_exported_markdown_is_inert_wherever_it_is_opened(text: str) -> None:
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(inert(text))
    for active in ("<script", "<img", "<svg", "<iframe", "<div", "<b>kein", 'href="javascript', 'href="data'):
        assert active not in html


def test_harmless_markdown_stays_as_it_was() -> None:
    assert inert(ANSWER) == ANSWER
    assert inert("```html\n<b>x</b>\n```\n\n`<b>` und a < b") == "```html\n<b>x</b>\n```\n\n`<b>` und a < b"


@pytest.mark.parametrize("text", HOSTILE)
def test_documents_carry_no_link_but_plain_ones(text: str) -> None:
    runs = [run for block in blocks_of(text) if isinstance(block, Paragraph | Heading) for run in block.runs]
    assert {run.link for run in runs} <= {"", "https://evil.example/p.png"}


def test_blocks_are_what_the_page_shows() -> None:
    kinds = [type(block) for block in blocks_of(ANSWER)]
    assert kinds == [Heading, Paragraph, Paragraph, Paragraph, Paragraph, Table, Code]
    nested = [(block.indent, block.marker) for block in blocks_of("3. c\n4. d\n   - e") if isinstance(block, Paragraph)]
    assert nested == [(1, "3."), (1, "4."), (2, "•")]


def test_a_whole_history_is_exported_and_is_ones_own(
    alices_client: Client, exported: Conversation, bobs_client: Client
) -> None:
    address = reverse("chat:export-all", args=["json"])
    got = [json.loads(b"".join(client.get(address).streaming_content)) for client in (alices_client, bobs_client)]  # type: ignore[attr-defined]
    assert [len(each["conversations"]) for each in got] == [1, 0]


@pytest.mark.parametrize("name", ["md", "docx", "odt", "pdf"])
def test_other_formats_come_as_an_archive_with_a_file_each(
    alices_client: Client, exported: Conversation, alice: User, name: str
) -> None:
    twin = Conversation.objects.create(owner=alice, title=exported.title)
    answered(twin)
    Conversation.objects.update(title="Gleich / benannt")
    response: Any = alices_client.get(reverse("chat:export-all", args=[name]))
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as packed:
        names = packed.namelist()
    assert len(set(names)) == 2 and all(each.endswith(f"Gleich benannt.{name}") or " 2." in each for each in names)


def test_an_unknown_format_is_not_found(alices_client: Client, exported: Conversation) -> None:
    for address in (reverse("chat:export", args=[exported.id, "exe"]), reverse("chat:export-all", args=["exe"])):
        assert alices_client.get(address).status_code == 404
