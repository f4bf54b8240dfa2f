"""Where what is being done comes from: the request under way, for whatever is logged or recorded on its behalf."""

import ipaddress
import uuid
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest

LONGEST_ID = 64

request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)
request_id: ContextVar[str] = ContextVar("request_id", default="")


def new_id() -> str:
    return uuid.uuid4().hex


def address() -> str | None:
    """Of who asks, as far as `VOLIERE_AUDIT_ADDRESSES` wants it known."""
    found = request.get()
    given = found.META.get("REMOTE_ADDR", "") if found else ""
    return kept(given, settings.AUDIT_ADDRESSES)


def kept(given: str, how: str) -> str | None:
    """`full`, `truncated` to the network it is in, or `none`."""
    try:
        parsed = ipaddress.ip_address(given)
    except ValueError:
        return None
    if how == "none":
        return None
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    if how == "full":
        return str(parsed)
    bits = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network(f"{parsed}/{bits}", strict=False).network_address)
