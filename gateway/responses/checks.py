"""Wrong values, named by the path at which they stand."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from gateway.exceptions import InvalidRequest
from gateway.requests.fields import Field, invalid


def unsupported(param: str, reason: str) -> InvalidRequest:
    return InvalidRequest(reason, param=param)


def checked(given: Any, fields: dict[str, Field], path: str = "", required: Iterable[str] = ()) -> dict[str, Any]:
    """Those of the fields that are there; all others are left out."""
    if not isinstance(given, dict):
        raise invalid(path, _("an object"))
    prefix = f"{path}." if path else ""
    found = {name: given[name] for name in fields if given.get(name) is not None}
    for name in (*required, *found):
        if name not in found or not fields[name].is_valid(found[name]):
            raise invalid(prefix + name, fields[name].expected)
    return found


def one_of(*words: str) -> Field:
    return Field(lambda value: isinstance(value, str) and value in words, ", ".join(words), {"enum": list(words)})
