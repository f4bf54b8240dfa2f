"""What the quotas leave a caller, in the headers that OpenAI's clients know, once something was asked of a model."""

from django.utils import timezone

from gateway import quotas
from gateway.api.limits import NAMED_LIKE_OPENAIS, limits_of
from gateway.callers import Caller, standing
from gateway.database import in_database
from gateway.models import Quota


async def headers_for(caller: Caller) -> dict[str, str]:
    """Of the tightest that refuse, deployments' own apart."""
    known = [quota.pk for quota in (await standing(caller)).quotas if quota.is_hard and not quota.deployment_id]
    return await in_database(_headers, known) if known else {}


def _headers(known: list[int]) -> dict[str, str]:
    headers: dict[str, str] = {}
    now = timezone.now()
    rows = list(Quota.objects.filter(pk__in=known))
    for unit in NAMED_LIKE_OPENAIS:
        left = {quota: max(0, quota.limit - quotas.used_now(quota) - quota.reserved) for quota in rows
                if quota.unit == unit}  # fmt: skip
        if left:
            tightest = min(left, key=left.__getitem__)
            headers |= limits_of(tightest, left[tightest], now)
    return headers
