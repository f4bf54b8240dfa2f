"""Scripts of other sites: none, but those of the sites that a key names. Cookies never go along with these."""

from gateway.callers import Caller
from gateway.fresh import Fresh
from gateway.models import ApiKey

ASKED_FOR = "access-control-request-method"  # the header by which a browser asks before it sends the key
LONGEST = 200  # characters of the column, and of what anybody may make this remember
ALLOWED = {
    "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
    "access-control-allow-headers": "authorization, *",  # the asterisk stands for all but this one
    "access-control-max-age": "600",
}


async def preflight(origin: str) -> dict[str, str]:
    """Headers: the key is not sent along, hence of any key that names the site; `told` decides by the very one."""
    is_named = len(origin) <= LONGEST and await _named.get(origin)
    allowed = {"access-control-allow-origin": origin, **ALLOWED} if is_named else {}
    return {"vary": "Origin", **allowed}


def told(origin: str, caller: Caller) -> dict[str, str]:
    """Headers of the answer to a request that comes from that site."""
    if not caller.api_key or origin not in caller.api_key.origins:
        return {}
    return {"access-control-allow-origin": origin, "access-control-expose-headers": "*", "vary": "Origin"}


def _is_named(origin: str) -> bool:
    return bool(origin) and ApiKey.objects.usable().filter(origins__contains=[origin]).exists()


_named = Fresh(_is_named)
