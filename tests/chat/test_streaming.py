"""An answer that grows: whatever its pieces, it ends as it is shown later, and is harmless all the way."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.rendering import StreamingRenderer, Update
from chat.rendering.markdown import cleaned, environment, to_html
from chat.rendering.streaming import closed_until
from tests.chat.hostile import HOSTILE, assert_harmless

LINKS = {1: ("/sources/a/1/", "Handbuch.pdf, Seite 3")}
END = "\n\nEnde."  # so that no half marker is held back
# what a block that grows may be inside of
FRAMES = re.compile(r"(</(?:ul|ol|p|code|tbody|table|pre|div)>\s*)+\Z")


class Page:
    """What the page's script makes of updates."""

    def __init__(self, long: int = 1_000) -> None:
        self.renderer = StreamingRenderer(LINKS, long=long)
        self.renderer.environment["highlighted"] = False
        self.closed = self.tail = self.inside = self.rest = ""

    def feed(self, text: str) -> Update:
        update = self.renderer.feed(text)
        self.closed += update.closed
        if update.tail is not None:
            self.tail, self.inside = update.tail, ""
        self.inside += update.more
        self.rest = update.rest
        return update

    @property
    def state(self) -> tuple[str, ...]:
        return self.closed, self.tail, self.inside, self.rest


def fed(text: str, size: int, long: int = 1_000) -> Page:
    page = Page(long)
    for start in range(0, len(text), size):
        page.feed(text[start : start + size])
    return page


def whole(text: str) -> str:
    return to_html(cleaned(text), environment(LINKS, "") | {"highlighted": False})


def known_before_use(text: str) -> str:
    """References and footnotes that are defined after their use are known at the end alone."""
    return re.sub(r"\]:", "] :", text)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_a_stream_ends_as_it_is_shown_later(name: str, size: int) -> None:
    text = known_before_use(HOSTILE[name]) + END
    page = fed(text, size, long=10**9)
    assert page.closed + page.tail == whole(text)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("long", [10, 1_000])
def test_a_stream_is_harmless_wherever_it_is_cut(name: str, long: int) -> None:
    page = Page(long)
    for character in HOSTILE[name]:
        for html in page.feed(character):
            assert_harmless(html or "")


@pytest.mark.parametrize("name", HOSTILE)
def test_who_comes_late_sees_what_the_others_see(name: str) -> None:
    text = known_before_use(HOSTILE[name])
    for cut in random.Random(name).sample(range(len(text)), min(6, len(text))):
        early, late = fed(text[:cut], 1, long=20), fed(text[:cut], len(text), long=20)
        assert early.closed == late.closed
        early.feed(text[cut:])
        late.feed(text[cut:])
        assert early.closed == late.closed


MARKS = (
    r"a~b c~Ein Satz. ~- ~* ~+ ~1. ~2) ~> ~    ~# ~#~***~---~===~```~```py¶~`~**~_~[~](~]~[1]~[^1]~[x] ~- [ ] ~:~!~=~|"
    r"~$~$$~$$¶~\[~\]~\(~\)~\~<b>~&amp;~¶~¶¶~¶- b~¶2. c~  ¶~| a | b |¶~|---|---|¶~¶| 1 | 2 |¶"
)
PIECES = st.sampled_from([*MARKS.replace("¶", "\n").split("~"), "~~~", "~~", "\t", "\r", "\r\n", "\x0b"])
TEXTS = st.lists(PIECES, max_size=40).map("".join).map(known_before_use)


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.integers(1, 9))
def test_any_text_ends_as_it_is_shown_later(text: str, size: int) -> None:
    text += END
    page = fed(text, size, long=10**9)
    assert page.closed + page.tail == whole(text)


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.integers(1, 9), st.integers(1, 30))
def test_growing_changes_nothing_of_what_is_closed(text: str, size: int, long: int) -> None:
    assert fed(text, size, long).closed == fed(text, len(text) or 1, long=10**9).closed


@pytest.mark.parametrize("text", ["Satz\n#stichwort", "Satz\n***fett***", "Satz\n```code```", "- a\n\n  b"])
def test_a_line_that_only_begins_like_a_block_closes_nothing(text: str) -> None:
    assert fed(text, 1).closed == ""


def test_separators_that_are_no_line_ends_cut_nothing() -> None:
    assert closed_until("a\u2028b\n\nc d\n\ne\n") == len("a\u2028b\n\nc d\n\n")


def test_the_next_paragraph_closes_a_list_with_its_first_letter() -> None:
    assert "<li>b</li>" in fed("- a\n- b\n\nN", 1).closed


def test_what_is_defined_later_is_known_in_the_end() -> None:
    assert "href" in whole("[Haus]\n\n[Haus]: https://example.org")


LONG_BLOCKS = {
    "list": "".join(f"{number}. Punkt **{number}**\n" for number in range(500)),
    "table": "| a | b |\n|---|---|\n" + "".join(f"| {number} | **x** |\n" for number in range(500)),
    "code": "```python\n" + "".join(f"x{number} = {number}\n" for number in range(1_000)),
    "paragraph": "Die Amsel singt am Morgen, und der Star hört ihr zu. " * 400,
}


@pytest.mark.parametrize("kind", LONG_BLOCKS)
def test_a_long_block_grows_by_what_is_new(kind: str) -> None:
    page, text = Page(), LONG_BLOCKS[kind]
    sent = sum(len("".join(filter(None, page.feed(text[at : at + 20])))) for at in range(0, len(text), 20))
    assert page.closed == "" and len(page.inside) > 0.5 * len(text)
    assert sent < 20 * len(text) + 200_000


@pytest.mark.parametrize("kind", LONG_BLOCKS)
def test_a_long_block_is_shown_whole_while_it_grows(kind: str) -> None:
    page = fed(LONG_BLOCKS[kind], 20)
    seen = re.sub(r"<[^>]+>|\s", "", FRAMES.sub("", page.tail) + page.inside + page.rest)
    assert seen == re.sub(r"<[^>]+>|\s", "", whole(LONG_BLOCKS[kind]))
