"""Sentences of an answer that their sources do not bear out, marked in its parsed Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

from django.utils.translation import gettext as _
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from chat.claims import Claim, claims, words
from chat.evidence import Doubt

Doubts = Mapping[int, str]  # number of the sentence → code of the doubt


def explanation(code: str) -> str:
    """Why a sentence is marked, for its reader."""
    match code:
        case Doubt.QUOTATION:
            return _("Not found in the cited source: these words do not stand there in this order.")
        case Doubt.NUMBER:
            return _("Not found in the cited source: a number or date in this sentence does not stand there.")
        case Doubt.NAME:
            return _("Not found in the cited source: a name in this sentence does not stand there.")
        case Doubt.DENIAL:
            return _("Not found in the cited source: it seems to say the opposite.")
        case _:
            return _("Not found in the cited source: nothing there is like this sentence.")


def mark(tokens: list[Token], doubts: Doubts) -> None:
    """Underline the doubtful sentences, and put a sign behind each that says why."""
    by_inline: dict[int, list[tuple[Claim, str]]] = {}
    for number, claim in enumerate(claims(tokens)):
        if number in doubts:
            by_inline.setdefault(claim.inline, []).append((claim, doubts[number]))
    for inline, found in by_inline.items():
        tokens[inline].children = list(_marked(tokens[inline].children or [], found))


def _marked(children: Sequence[Token], found: Sequence[tuple[Claim, str]]) -> Iterator[Token]:
    position, sign = 0, ""
    for child in _cut(children, {cut for claim, _code in found for cut in (claim.start, claim.end)}):
        if sign and child.nesting != -1:  # behind a link or bold words, not inside
            yield _sign(sign)
            sign = ""
        inside = [(claim, code) for claim, code in found if claim.start <= position < claim.end]
        is_doubted = bool(inside) and child.type in ("text", "code_inline")
        yield from [_span(1), child, _span(-1)] if is_doubted else [child]
        position += len(words(child))
        sign = next((code for claim, code in inside if position >= claim.end), sign)
    if sign:
        yield _sign(sign)


def _cut(children: Sequence[Token], cuts: set[int]) -> Iterator[Token]:
    """The same, with texts parted where a sentence begins or ends."""
    position = 0
    for child in children:
        length = len(words(child))
        within = sorted(cut - position for cut in cuts if position < cut < position + length)
        if child.type == "text" and within:
            for start, end in pairwise([0, *within, length]):
                yield child.copy(content=child.content[start:end])
        else:
            yield child
        position += length


def _span(nesting: Literal[1, -1]) -> Token:
    return Token("doubt", "span", nesting, attrs={"class": "doubt"} if nesting == 1 else {})


def _sign(code: str) -> Token:
    """Told when it has the focus, or the pointer over it."""
    sign = Token("doubt_sign", "", 0)
    sign.meta = {"explanation": explanation(code)}
    return sign


def render_sign(_self: RendererHTML, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    why = escapeHtml(tokens[index].meta["explanation"])
    return f'<span class="doubt-sign" role="img" tabindex="0" aria-label="{why}" title="{why}">?</span>'
