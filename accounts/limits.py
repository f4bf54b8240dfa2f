"""How often an address may try something. Signing in itself is limited by the library, which does not count reading."""

import time

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

WINDOW = 60  # seconds


def refusal(request: HttpRequest, action: str, per_minute: int) -> HttpResponse | None:
    """The answer to one try too many. While Redis is away nothing is limited."""
    address = request.META.get("REMOTE_ADDR", "")
    key = f"limit:{action}:{address}:{int(time.time() // WINDOW)}"
    cache.add(key, 0, WINDOW * 2)
    try:
        tries = cache.incr(key)
    except ValueError:  # it went away between the two
        return None
    return render(request, "429.html", status=429) if tries > per_minute else None
