"""A person's keys and what they consumed (see `accounts.belongings`). The ledger stays: without the account its ids say
no longer whose it was."""

from collections.abc import Iterator
from typing import Any, cast

from django.core.cache import cache
from django.db import transaction

from accounts.belongings import Count, Part, fields, json_file
from accounts.models import User
from accounts.personal_data import forget_in_panel
from gateway import quotas
from gateway.models import ApiKey, Quota, Usage, Webhook

KEY = ("name", "prefix", "scopes", "model_names", "created_at", "expires_at", "revoked_at", "last_used_at")
WEBHOOK = ("name", "url", "events", "with_content", "is_house", "created_at", "disabled_at")
CALL = ("started_at", "model", "purpose", "status", "input_tokens", "output_tokens", "cached_tokens", "estimated",
        "cost", "energy", "queued_ms", "first_token_ms", "duration_ms")  # fmt: skip


def export(user: User) -> Iterator[Part]:
    yield json_file("api_keys", ApiKey.objects.filter(user=user).values(*KEY))
    yield json_file("webhooks", Webhook.objects.filter(user=user).values(*WEBHOOK))
    yield json_file("quotas", map(_quota, Quota.objects.filter(user=user)))
    calls = Usage.objects.filter(user=user.pk).order_by("started_at").values(*CALL)
    yield json_file("usage", calls.iterator(chunk_size=2_000))


def _quota(quota: Quota) -> dict[str, Any]:
    return {**fields(quota, "unit", "limit", "period"), "used": quotas.used_now(quota)}


def erase(user: User, count: Count) -> None:
    cast(Any, cache).forget("idempotency", {str(user.pk)})
    with transaction.atomic():
        keys = ApiKey.objects.filter(user=user)
        forget_in_panel(*keys.values_list("pk", flat=True))
        count("API keys", keys.count())
        count("webhooks", Webhook.objects.of(user).count())
        count("quotas", Quota.objects.filter(user=user).count())
        Quota.objects.filter(user=user).delete()
        keys.delete()
