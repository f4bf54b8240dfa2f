"""What a call says of its quotas and of its wait, in the headers of the answer or of the refusal."""

from datetime import datetime, timedelta
from urllib.parse import quote

from django.utils import timezone

from gateway import quotas
from gateway.api.http import Headers
from gateway.calls import Running
from gateway.models import Quota

PLAIN = " !#$&'()*+,/:;=?@[]"  # beside letters and digits; a header has no others
NAMED_LIKE_OPENAIS = {Quota.Unit.REQUESTS: "requests", Quota.Unit.TOKENS: "tokens"}


def headers_of(call: Running) -> Headers:
    headers = {"x-voliere-model": quote(call.deployment.name, safe=PLAIN), "x-voliere-queue-ms": str(call.queued_ms)}
    if call.first_place:
        headers["x-voliere-queue-place"] = str(call.first_place)
    if call.wakes_in is not None:
        headers["x-voliere-waking"] = str(call.wakes_in)
    now = timezone.now()
    for unit in NAMED_LIKE_OPENAIS:
        counted = [quota for quota in call.quotas if quota.unit == unit and quota.is_hard and quota.id in call.left]
        if counted:
            tightest = min(counted, key=lambda quota: call.left[quota.id])
            headers |= limits_of(tightest, call.left[tightest.id], now)
    return headers


def limits_of(quota: Quota, left: int, now: datetime) -> Headers:
    name = NAMED_LIKE_OPENAIS.get(Quota.Unit(quota.unit))
    if name is None:
        return {}
    headers = {f"x-ratelimit-limit-{name}": str(quota.limit), f"x-ratelimit-remaining-{name}": str(left)}
    anew = quotas.begins_anew(quota.period, now)
    return headers | ({f"x-ratelimit-reset-{name}": duration(anew, now)} if anew else {})


def duration(until: datetime, now: datetime) -> str:
    """As OpenAI writes it: 1s, 6m0s, 720h0m0s."""
    seconds = max(0, -((now - until) // timedelta(seconds=1)))
    hours, minutes = seconds // 3600, seconds // 60
    if hours:
        return f"{hours}h{minutes % 60}m{seconds % 60}s"
    return f"{minutes}m{seconds % 60}s" if minutes else f"{seconds}s"
