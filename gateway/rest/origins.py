"""Scripts of other sites: none, but those of the sites that a key names. Cookies never go along with these."""

from django.http import HttpRequest, HttpResponse

from gateway.fresh import Fresh
from gateway.models import ApiKey

METHODS = "GET, POST, PUT, PATCH, DELETE"
HEADERS = "authorization, content-type, if-match, idempotency-key, last-event-id, prefer"
SHOWN = "etag, location, retry-after, x-request-id, x-voliere-repeated"


def is_preflight(request: HttpRequest) -> bool:
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


async def preflight(request: HttpRequest) -> HttpResponse:
    """A browser asks before it sends the key, hence of any key that names the site; `tell` decides by the very one."""
    origin = request.headers.get("Origin", "")
    answer = HttpResponse(status=204, headers={"Vary": "Origin"})
    if await _named.get(origin):
        answer["Access-Control-Allow-Origin"] = origin
        answer["Access-Control-Allow-Methods"] = METHODS
        answer["Access-Control-Allow-Headers"] = HEADERS
        answer["Access-Control-Max-Age"] = "600"
    return answer


def tell(request: HttpRequest, response: HttpResponse) -> None:
    origin, caller = request.headers.get("Origin"), getattr(request, "caller", None)
    if origin and caller and caller.api_key and origin in caller.api_key.origins:
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Expose-Headers"] = SHOWN
        response["Vary"] = "Origin"


def _is_named(origin: str) -> bool:
    return bool(origin) and ApiKey.objects.usable().filter(origins__contains=[origin]).exists()


_named = Fresh(_is_named)
