"""Everybody's keys, for those who manage the house. A key hands on no more than it opens itself."""

from collections.abc import Sequence
from datetime import timedelta

from django.http import HttpRequest
from ninja import Status

from accounts.exceptions import OutOfScope
from accounts.rest.forms import valid
from accounts.rest.operations import Operations, found, principal
from accounts.rest.paging import Page, Turned, page
from accounts.rest.shapes import Id
from accounts.roles import May
from gateway.key_forms import PanelKeyForm
from gateway.models import ApiKey, Scope
from gateway.rest.own_keys import ending, form_data
from gateway.rest.shapes import IssuedKey, KeyShape, NewKey, Rotation

operations = Operations("admin", read=Scope.ADMIN, write=Scope.ADMIN, see=May.SEE_SETTINGS, change=May.CHANGE_SETTINGS)


class KeyForSomebody(NewKey):
    user: Id


@operations.get("admin/keys", response=Page[KeyShape])
def list_keys(request: HttpRequest, turning: Turned, user: Id | None = None) -> Page[KeyShape]:
    rows = ApiKey.objects.filter(user=user) if user else ApiKey.objects.all()
    return page(request, rows, ["-id"], turning, KeyShape.of)


@operations.post("admin/keys", response={201: IssuedKey})
def create_key(request: HttpRequest, body: KeyForSomebody) -> Status[IssuedKey]:
    """Makes a key for somebody; its secret is told in this answer alone."""
    may_hand_on(request, body.scopes)
    form = valid(PanelKeyForm({**form_data(body), "user": body.user}))
    key = form.save(commit=False)
    key.expires_at = ending(body)
    key.issue()
    return Status(201, IssuedKey.of(key))


@operations.post("admin/keys/{int:key}/rotate", response=IssuedKey)
def rotate_key(request: HttpRequest, key: int, body: Rotation) -> IssuedKey:
    row = found(ApiKey.objects.all(), pk=key)
    may_hand_on(request, row.scopes)
    row.rotate(timedelta(hours=body.overlap_hours))
    return IssuedKey.of(row)


@operations.post("admin/keys/{int:key}/revoke", response=KeyShape)
def revoke_key(request: HttpRequest, key: int) -> KeyShape:
    row = found(ApiKey.objects.all(), pk=key)
    row.revoke()
    return KeyShape.of(row)


def may_hand_on(request: HttpRequest, scopes: Sequence[str]) -> None:
    """Raises `OutOfScope`."""
    own = principal(request).scopes
    if own is not None and not set(scopes) <= own:
        raise OutOfScope
