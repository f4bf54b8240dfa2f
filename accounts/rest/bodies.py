"""JSON as it is taken: nothing that PostgreSQL cannot store, no name twice, nothing so deep that it harms."""

import json
import math
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.parser import Parser

from accounts.exceptions import InvalidBody, UnsupportedMedia

DEEPEST = 32
DIGITS = 18


class StrictParser(Parser):
    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        if request.content_type != "application/json":
            raise UnsupportedMedia(_("Send the body as application/json."))
        return parsed(request.body)  # type: ignore[no-any-return]


def parsed(body: bytes) -> Any:
    """Raises InvalidBody."""
    try:
        found = json.loads(
            body.decode(),
            object_pairs_hook=_once,
            parse_int=_whole,
            parse_float=_finite,
            parse_constant=_refused,
        )
    except InvalidBody:
        raise
    except (ValueError, RecursionError):  # bytes that are no UTF-8 among them
        raise InvalidBody from None
    _check(found)
    return found


def is_storable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidBody(_("A name stands twice in the same object."))
    return found


def _whole(text: str) -> int:
    if len(text.lstrip("-")) > DIGITS:
        raise InvalidBody(_("A number is too large."))
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise InvalidBody(_("A number is too large."))
    return number


def _refused(constant: str) -> Any:
    raise InvalidBody


def _check(found: Any) -> None:
    level = [found]
    for _depth in range(DEEPEST):
        if any(isinstance(each, str) and not is_storable(each) for each in level):
            raise InvalidBody(_("A text holds a character that cannot be stored."))
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return
    raise InvalidBody(_("The body is nested too deeply."))


def _inside(found: Any) -> list[Any]:
    if isinstance(found, dict):
        return [*found, *found.values()]
    return found if isinstance(found, list) else []
