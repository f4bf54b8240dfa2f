"""Quotas, for those who manage the house. Amounts are as people reckon: money with decimals, energy in watt hours."""

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from ninja import Status

from accounts import audit
from accounts.audit import Kind
from accounts.rest.conditions import unchanged
from accounts.rest.forms import filled, valid
from accounts.rest.operations import Operations, found, locked
from accounts.rest.paging import Page, Turned, page
from accounts.roles import May
from gateway import quotas
from gateway.admin.quota_form import QuotaForm
from gateway.models import Quota, Scope
from gateway.rest.shapes import FACTORS, NewQuota, QuotaChange, QuotaShape

operations = Operations("admin", read=Scope.ADMIN, write=Scope.ADMIN, see=May.SEE_SETTINGS, change=May.CHANGE_SETTINGS)


@operations.get("admin/quotas", response=Page[QuotaShape])
def list_quotas(request: HttpRequest, turning: Turned) -> Page[QuotaShape]:
    return page(request, Quota.objects.with_seal(), ["id"], turning, shape)


@operations.post("admin/quotas", response={201: QuotaShape})
@transaction.atomic
def create_quota(request: HttpRequest, body: NewQuota) -> Status[QuotaShape]:
    """Sets a quota for a person, team, key or deployment; for none of them, it is the whole house's."""
    form = valid(QuotaForm(_as_entered(body.model_dump())))
    quota = form.save(commit=False)
    quota.limit = form.cleaned_data["amount"]
    quota.save()
    audit.record(Kind.SETTING_ADDED, quota)
    return Status(201, shape(found(Quota.objects.with_seal(), pk=quota.pk)))


@operations.get("admin/quotas/{int:quota}", response=QuotaShape)
def get_quota(request: HttpRequest, quota: int) -> QuotaShape:
    return shape(found(Quota.objects.with_seal(), pk=quota))


@operations.patch("admin/quotas/{int:quota}", response=QuotaShape)
@transaction.atomic
def change_quota(request: HttpRequest, quota: int, body: QuotaChange) -> QuotaShape:
    """Changes a quota. What was counted in one unit says nothing in another, so that and its subject stay."""
    row = locked(Quota.objects.with_seal(), pk=quota)
    unchanged(request, shape(row))
    form = valid(QuotaForm(filled(QuotaForm(instance=row), **_as_entered(body.given())), instance=row))
    row.limit = form.cleaned_data["amount"]
    changed = [name for name in form.changed_data if name not in ("amount", "top_up")]
    row.save(update_fields=[*changed, "limit"])
    if form.changed_data:
        audit.record(Kind.SETTING_CHANGED, row, detail=", ".join(form.changed_data))
    return shape(row)


@operations.delete("admin/quotas/{int:quota}", response={204: None})
@transaction.atomic
def delete_quota(request: HttpRequest, quota: int) -> Status[None]:
    row = locked(Quota.objects.with_seal(), pk=quota)
    unchanged(request, shape(row), required=False)
    audit.record(Kind.SETTING_REMOVED, row)
    row.delete()
    return Status(204, None)


def shape(quota: Quota) -> QuotaShape:
    factor = FACTORS.get(Quota.Unit(quota.unit), 1)
    known = {name: getattr(quota, name) for name in ("unit", "period", "is_hard", "warn_at")}
    subjects = {name: getattr(quota, f"{name}_id") for name in ("user", "team", "api_key", "deployment")}
    return QuotaShape(
        id=quota.pk,
        **known,
        **subjects,
        limit=Decimal(quota.limit) / factor,
        used=None if quota.is_sealed else Decimal(quotas.used_now(quota)) / factor,
        begins_anew=quotas.begins_anew(quota.period, timezone.now()),
    )


def _as_entered(given: dict[str, Any]) -> dict[str, Any]:
    return {("amount" if name == "limit" else name): value for name, value in given.items()}
