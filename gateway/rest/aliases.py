"""Other names under which models answer, for those who manage the house."""

from django.db import transaction
from django.http import HttpRequest
from ninja import Status

from accounts import audit
from accounts.audit import Kind
from accounts.rest.conditions import unchanged
from accounts.rest.forms import filled, valid
from accounts.rest.operations import Operations, found, locked
from accounts.rest.paging import Page, Turned, page
from accounts.roles import May
from gateway.forms import AliasForm
from gateway.models import Alias, Scope
from gateway.rest.shapes import AliasChange, AliasShape, NewAlias

operations = Operations("admin", read=Scope.ADMIN, write=Scope.ADMIN, see=May.SEE_SETTINGS, change=May.CHANGE_SETTINGS)


@operations.get("admin/aliases", response=Page[AliasShape])
def list_aliases(request: HttpRequest, turning: Turned) -> Page[AliasShape]:
    return page(request, Alias.objects.all(), ["name", "id"], turning, AliasShape.of)


@operations.post("admin/aliases", response={201: AliasShape})
@transaction.atomic
def create_alias(request: HttpRequest, body: NewAlias) -> Status[AliasShape]:
    made = valid(AliasForm(body.model_dump())).save()
    audit.record(Kind.SETTING_ADDED, made)
    return Status(201, AliasShape.of(made))


@operations.get("admin/aliases/{int:alias}", response=AliasShape)
def get_alias(request: HttpRequest, alias: int) -> AliasShape:
    return AliasShape.of(found(Alias.objects.all(), pk=alias))


@operations.patch("admin/aliases/{int:alias}", response=AliasShape)
@transaction.atomic
def change_alias(request: HttpRequest, alias: int, body: AliasChange) -> AliasShape:
    row = locked(Alias.objects.all(), pk=alias)
    unchanged(request, AliasShape.of(row))
    form = valid(AliasForm(filled(AliasForm(instance=row), **body.given()), instance=row))
    form.save()
    if form.changed_data:
        audit.record(Kind.SETTING_CHANGED, row, detail=", ".join(form.changed_data))
    return AliasShape.of(row)


@operations.delete("admin/aliases/{int:alias}", response={204: None})
@transaction.atomic
def delete_alias(request: HttpRequest, alias: int) -> Status[None]:
    row = locked(Alias.objects.all(), pk=alias)
    unchanged(request, AliasShape.of(row), required=False)
    audit.record(Kind.SETTING_REMOVED, row)
    row.delete()
    return Status(204, None)
