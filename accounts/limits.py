"""How often an address or a person may try something.

Signing in itself is limited by the library, which does not count reading.
"""

import time

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

WINDOW = 60  # seconds


def refusal(request: HttpRequest, action: str, per_minute: int) -> HttpResponse | None:
    """The answer to one try too many."""
    address = request.META.get("REMOTE_ADDR", "")
    return render(request, "429.html", status=429) if is_too_often(action, address, per_minute) else None


def is_too_often(action: str, who: str, per_minute: int) -> bool:
    """Counts this try. While Redis is away nothing is limited."""
    key = f"limit:{action}:{who}:{int(time.time() // WINDOW)}"
    cache.add(key, 0, WINDOW * 2)
    try:
        return bool(cache.incr(key) > per_minute)
    except ValueError:  # it went away between the two
        return False
