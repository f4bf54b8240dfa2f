import pytest

from rag.formats import HTML
from tests.rag.files import GARDEN
from tests.rag.parsers.reading import parsed, reason, tables


def page(body: str, head: str = "") -> bytes:
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode()


def test_headings_lists_and_tables_are_kept() -> None:
    body = (
        "<h2>Der <b>Garten</b></h2><p>Er ist\n schön.<br>Ja.</p><ol><li>Hacke<ul><li>alt</ul><li><p>Spaten</ol>"
        "<table><tr><th>Name<th>Preis<tr><td>Rose<td>3 <i>Euro</i></table><pre>a  b\nc</pre>"
    )
    found = parsed(page(body), HTML)
    assert found.text == (
        "Der Garten\n\nEr ist schön.\nJa.\n\n1. Hacke\n\n- alt\n\n2. Spaten\n\n"
        "| Name | Preis |\n| Rose | 3 Euro |\n\na b\nc"
    )
    assert [heading.title for heading in found.headings] == ["Der Garten"]
    assert tables(found) == ["| Name | Preis |\n| Rose | 3 Euro |"]


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>geheim()</script>",
        "<style>.geheim{}</style>",
        "<template>geheim</template>",
        "<!-- geheim -->",
        "<p hidden>geheim</p>",
        '<div style="color:red; DISPLAY : none"><b>geheim</b></div>',
        '<p style="visibility:hidden">geheim</p>',
        '<p style="font-size:0">geheim</p>',
        '<input value="geheim">',
        '<iframe srcdoc="geheim"></iframe>',
        "<svg><text>geheim</text></svg>",
        '<img src="https://geheim.example/geheim.png">',
    ],
)
def test_what_a_reader_would_not_see_is_not_read(hidden: str) -> None:
    assert parsed(page(f"<p>{GARDEN}</p>{hidden}"), HTML).text == GARDEN


def test_a_table_that_only_places_things_is_none() -> None:
    found = parsed(page(f"<table><tr><td><h1>Garten</h1><td><ul><li>{GARDEN}</ul></table>"), HTML)
    assert (found.text, found.tables) == (f"Garten\n\n- {GARDEN}", [])


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "windows-1252", "utf-16"])
def test_the_declared_encoding_is_taken(encoding: str) -> None:
    content = page(f"<p>{GARDEN}</p>", f'<meta charset="{encoding}">').decode().encode(encoding)
    assert parsed(content, HTML).text == GARDEN


def test_a_wrong_or_unknown_encoding_is_found_out() -> None:
    for declared in ("utf-8", "nonsense", "base64"):
        content = page(f"<p>{GARDEN}</p>", f"<meta charset={declared}>").decode().encode("latin-1")
        assert parsed(content, HTML).text == GARDEN


def test_deep_nesting_ends_no_reader() -> None:
    assert parsed(page(f"<p>{GARDEN}</p>" + "<div>" * 20_000), HTML).text == GARDEN


def test_a_page_without_words_says_so() -> None:
    assert reason(page("<script>x</script>"), HTML) == "no_text"


def test_text_from_right_to_left_stays_as_it_is() -> None:
    text = "الحديقة مفتوحة garden من الساعة 9 صباحا"
    assert parsed(page(f"<p dir=rtl>{text}</p>"), HTML).text == text
