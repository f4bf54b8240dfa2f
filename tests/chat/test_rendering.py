import pytest

from chat.rendering import render
from tests.chat.hostile import HOSTILE, assert_harmless

LINKS = {1: ("/sources/a/1/", "Handbuch.pdf, Seite 3"), 2: ("/sources/a/2/", "Leave.md")}


def test_ordinary_markdown_becomes_html() -> None:
    html = render("## Urlaub\n\n- **30** Tage\n- `Antrag`\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    for piece in ("<h2>Urlaub</h2>", "<strong>30</strong>", "<code>Antrag</code>", "<td>2</td>"):
        assert piece in html


def test_columns_are_aligned_without_styles() -> None:
    html = render("| a | b |\n|--:|:-:|\n| 1 | 2 |")
    assert '<td class="align-right">1</td>' in html and '<th class="align-center">b</th>' in html


def test_code_is_highlighted_by_class_names() -> None:
    assert '<span class="hl-k">return</span>' in render("```python\nreturn 1\n```")


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_active_and_nothing_remote_survives(name: str) -> None:
    assert_harmless(render(HOSTILE[name], LINKS))


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


def test_deep_nesting_is_answered_in_time() -> None:
    assert len(render(">" * 5000 + " x")) < 100_000
    assert len(render("[" * 5000)) < 100_000


def test_a_formula_becomes_mathml() -> None:
    assert "<mfrac><mrow><mi>a</mi></mrow><mrow><mi>b</mi></mrow></mfrac>" in render(r"Es gilt $\frac{a}{b}$.")


@pytest.mark.parametrize("text", ["$$x^2$$", "$$\nx^2\n$$", r"\[x^2\]", "\\[\nx\n=\ny^2\n\\]", "Also $$x^2$$ hier"])
def test_a_displayed_formula_stands_apart(text: str) -> None:
    assert render(text).count('<math display="block">') == 1


@pytest.mark.parametrize(
    "text", ["5 $ und 10 $", "$5 and $10", "US$ 3 bis US$ 4", "von 3$-4$ an", "$HOME und $PATH", "20 $"]
)
def test_prices_stay_text(text: str) -> None:
    assert render(text) == f"<p>{text}</p>\n"


@pytest.mark.parametrize("text", [r"$\frac{$", r"$\unbekannt{x}$", r"$\begin{matrix}$", "$" + "{" * 500 + "$"])
def test_what_is_no_formula_is_shown_as_it_was_written(text: str) -> None:
    assert render(text) == f"<p><code>{text}</code></p>\n"


def test_aligned_formulas_stand_below_each_other() -> None:
    html = render("$$\\begin{aligned}a&=b\\\\c&=d\\end{aligned}$$")
    assert html.count("<mtr>") == 2 and html.count('<mtd class="align-right">') == 2


def test_a_task_list_says_what_is_done() -> None:
    html = render("- [x] Käfig säubern\n- [ ] Futter kaufen")
    assert html.count('<li class="task">') == 2 and "<input" not in html
    assert 'aria-label="Task done"' in html and 'aria-label="Task to do"' in html


def test_a_footnote_leads_there_and_back() -> None:
    html = render("Satz.[^a]\n\n[^a]: Anmerkung", scope="1f")
    assert 'href="#note-1f-a"' in html and 'id="note-1f-a"' in html
    assert 'href="#ref-1f-a"' in html and 'id="ref-1f-a"' in html


def test_a_footnote_without_note_stays_text() -> None:
    assert render("Ein Muster [^1] hier") == "<p>Ein Muster [^1] hier</p>\n"


def test_code_names_its_language_and_can_be_scrolled_by_keyboard() -> None:
    html = render("```js\nlet a;\n```")
    assert "<span>JavaScript</span>" in html and '<pre tabindex="0" role="group" aria-label="Code">' in html


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("[Bank](https://bаnk.example/)", "xn--bnk-6cd.example"),
        ("[bank.example](https://evil.example/)", "evil.example"),
        ("[Konto](https://bank.example@evil.example/)", "evil.example"),
    ],
)
def test_a_link_that_pretends_says_where_it_leads(text: str, host: str) -> None:
    assert f'<span class="host">({host})</span>' in render(text)


@pytest.mark.parametrize("text", ["[Seite](https://example.org/a)", "<https://example.org/a>", "<post@example.org>"])
def test_an_honest_link_stands_alone(text: str) -> None:
    assert 'class="host"' not in render(text)


@pytest.mark.parametrize("text", ["[x](/accounts/logout/)", "[x](//evil.example)", "[x](#m-1)", "[x](javascript:a)"])
def test_links_lead_to_web_and_mail_alone(text: str) -> None:
    assert render(text) == f"<p>{text}</p>\n"


def test_a_line_of_dashes_is_a_rule_and_no_heading() -> None:
    assert render("Absatz\n---\nmehr") == "<p>Absatz</p>\n<hr>\n<p>mehr</p>\n"


def test_letters_that_turn_the_text_round_are_dropped() -> None:
    assert "\u202e" not in render("a\u202eb `\u2066c`")


def test_a_decimal_comma_makes_one_number() -> None:
    assert "<mn>0,05</mn>" in render("$0{,}05$")
