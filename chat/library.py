"""The prompt library: texts to begin with, with places to fill in.

    {{name}}              a place
    {{name = value}}      with what stands in it unless somebody changes it
    {{name: one | two}}   with what may be chosen

A name is of letters, digits, spaces, `-` and `_`. Other things between braces are text.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from chat.offered import Offered, OfferedQuerySet

TEXT_LENGTH = 20_000  # characters
MOST_VARIABLES = 20
MOST_CHOICES = 30
PLACE = re.compile(r"\{\{[ \t]*(?P<name>\w[\w \-]{0,59}?)[ \t]*(?:=(?P<default>[^{}\n]*)|:(?P<choices>[^{}\n]*))?\}\}")


@dataclass(frozen=True)
class Variable:
    name: str
    default: str = ""
    choices: tuple[str, ...] = ()


def _variable(found: re.Match[str]) -> Variable:
    choices = tuple(filter(None, (choice.strip() for choice in (found["choices"] or "").split("|"))))[:MOST_CHOICES]
    return Variable(found["name"], (found["default"] or "").strip(), choices)


def variables(text: str) -> list[Variable]:
    """Each once, in the order in which they come; what the first place says of one counts."""
    by_name: dict[str, Variable] = {}
    for found in PLACE.finditer(text):
        by_name.setdefault(found["name"], _variable(found))
    return list(by_name.values())


def parts(text: str) -> list[dict[str, str]]:
    """The text cut at its places: `{"text": …}` and `{"variable": name}`."""
    cut: list[dict[str, str]] = []
    end = 0
    for found in PLACE.finditer(text):
        cut += [{"text": text[end : found.start()]}, {"variable": found["name"]}]
        end = found.end()
    return [*cut, {"text": text[end:]}]


class Prompt(Offered):
    title = models.CharField(_("title"), max_length=100)
    text = models.TextField(
        _("text"),
        max_length=TEXT_LENGTH,
        help_text=_("Places to fill in: {{name}}, {{name = value}} with a value to begin with, {{name: one | two}}."),
    )

    objects = OfferedQuerySet.as_manager()

    class Meta:
        verbose_name = _("prompt")
        verbose_name_plural = _("prompts")
        ordering = ["title", "id"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("chat:prompt", args=[self.id])

    @property
    def variables(self) -> list[Variable]:
        return variables(self.text)

    def as_json(self) -> dict[str, Any]:
        """What the page asks for it with."""
        asked = [{"name": each.name, "default": each.default, "choices": list(each.choices)} for each in self.variables]
        return {"title": self.title, "variables": asked, "parts": parts(self.text)}
