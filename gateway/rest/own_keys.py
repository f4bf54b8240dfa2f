"""One's own keys. No key opens these: one that could make another would have no bounds."""

from datetime import datetime, timedelta

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Status

from accounts.exceptions import Invalid, NotPermitted
from accounts.rest.forms import valid
from accounts.rest.operations import SESSION, Operations, found
from accounts.rest.paging import Page, Turned, page
from accounts.signing_in import person
from gateway import keys
from gateway.key_forms import LONGEST, OwnKeyForm
from gateway.models import ApiKey
from gateway.rest.shapes import IssuedKey, KeyShape, NewKey, Rotation

operations = Operations("own keys", read=SESSION, write=SESSION)


@operations.get("keys", response=Page[KeyShape])
def list_own_keys(request: HttpRequest, turning: Turned) -> Page[KeyShape]:
    return page(request, keys.of(person(request)), ["-id"], turning, _shown)


@operations.post("keys", response={201: IssuedKey})
def create_own_key(request: HttpRequest, body: NewKey) -> Status[IssuedKey]:
    """Makes a key; its secret is told in this answer alone."""
    user = person(request)
    if not keys.may_create(user):
        raise NotPermitted
    form = valid(OwnKeyForm(form_data(body), user=user))
    key = form.save(commit=False)
    key.expires_at = ending(body)
    key.issue()
    return Status(201, IssuedKey.of(key, is_own=True))


@operations.post("keys/{int:key}/rotate", response=IssuedKey)
def rotate_own_key(request: HttpRequest, key: int, body: Rotation) -> IssuedKey:
    own = _own(request, key)
    if not keys.may_create(person(request)):
        raise NotPermitted
    own.rotate(timedelta(hours=body.overlap_hours))
    return IssuedKey.of(own, is_own=True)


@operations.post("keys/{int:key}/revoke", response=KeyShape)
def revoke_own_key(request: HttpRequest, key: int) -> KeyShape:
    own = _own(request, key)
    own.revoke()
    return _shown(own)


def form_data(body: NewKey) -> dict[str, object]:
    given = body.model_dump()
    return {
        "name": given["name"],
        "scopes": given["scopes"],
        "model_names": given["models"] or [],
        "origins": ",".join(given["origins"]),
        "lasts": "never",
    }


def ending(body: NewKey) -> datetime | None:
    """Raises `Invalid` for a moment that is over, or further ahead than anyone reckons."""
    if body.expires_at is None:
        return None
    now = timezone.now()
    if not now < body.expires_at <= now + LONGEST:
        raise Invalid([("expires_at", _("Name a moment that is to come, within ten years."))])
    return body.expires_at


def _shown(key: ApiKey) -> KeyShape:
    return KeyShape.of(key, is_own=True)


def _own(request: HttpRequest, key: int) -> ApiKey:
    return found(keys.of(person(request)), pk=key)
