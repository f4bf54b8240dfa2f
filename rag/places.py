"""How people call the place in a document that a passage stands at."""

from collections.abc import Sequence
from itertools import groupby

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def place(kind: str, number: int | None, label: str = "") -> str:
    """`page 3`, `slide 3`, `sheet Budget`; empty where pages mean nothing. Also for what was stored without a kind."""
    if number is None:
        return ""
    name = label or str(number)
    if kind == "slide":
        return _("slide %(name)s") % {"name": name}
    if kind == "sheet":
        return _("sheet %(name)s") % {"name": name}
    if kind == "section":
        return _("section %(name)s") % {"name": name}
    return _("page %(name)s") % {"name": name}


def pages_left_out(pages: Sequence[int]) -> str:
    """One sentence that names them: `Pages 3–5, 9 were left out.`"""
    runs = (list(run) for _, run in groupby(enumerate(pages), key=lambda item: item[1] - item[0]))
    named = ", ".join(f"{run[0][1]}–{run[-1][1]}" if len(run) > 1 else str(run[0][1]) for run in runs)
    return ngettext("Page %(pages)s was left out.", "Pages %(pages)s were left out.", len(pages)) % {"pages": named}
