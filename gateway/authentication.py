"""Who sent this request to /v1: its bearer key decides, and nothing else. A session's cookie opens nothing here."""

from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone

from gateway.callers import Caller
from gateway.database import in_database
from gateway.exceptions import NotAuthenticated
from gateway.models import ApiKey

USE_NOTED_EVERY = timedelta(minutes=1)


async def authenticated(request: HttpRequest) -> Caller:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise NotAuthenticated
    return await in_database(_caller_of, secret.strip())


def _caller_of(secret: str) -> Caller:
    key = ApiKey.objects.for_secret(secret)
    if key is None:
        raise NotAuthenticated
    now = timezone.now()
    if key.last_used_at is None or now - key.last_used_at > USE_NOTED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return Caller(key.user, key)
