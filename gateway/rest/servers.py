"""Servers and what is deployed on them, for those who manage the house."""

from typing import Any

from django.db import transaction
from django.forms import model_to_dict
from django.http import HttpRequest
from ninja import Status

from accounts import audit
from accounts.audit import Kind
from accounts.rest.conditions import unchanged
from accounts.rest.forms import filled, valid
from accounts.rest.operations import Operations, found, locked
from accounts.rest.paging import Page, Turned, page
from accounts.rest.shapes import Number
from accounts.roles import May
from gateway import upstreams
from gateway.forms import DeploymentForm, UpstreamForm
from gateway.models import Deployment, Scope, Upstream
from gateway.rest.shapes import (
    DeploymentChange,
    DeploymentShape,
    NewDeployment,
    NewUpstream,
    UpstreamChange,
    UpstreamShape,
)

operations = Operations("admin", read=Scope.ADMIN, write=Scope.ADMIN, see=May.SEE_SETTINGS, change=May.CHANGE_SETTINGS)


@operations.get("admin/upstreams", response=Page[UpstreamShape])
def list_upstreams(request: HttpRequest, turning: Turned) -> Page[UpstreamShape]:
    return page(request, Upstream.objects.all(), ["name", "id"], turning, UpstreamShape.of)


@operations.post("admin/upstreams", response={201: UpstreamShape})
@transaction.atomic
def create_upstream(request: HttpRequest, body: NewUpstream) -> Status[UpstreamShape]:
    """Registers a server. Its models are not looked for: see `discover`."""
    made = valid(UpstreamForm(filled(UpstreamForm(), **body.given()))).save()
    audit.record(Kind.SETTING_ADDED, made)
    return Status(201, UpstreamShape.of(made))


@operations.get("admin/upstreams/{int:upstream}", response=UpstreamShape)
def get_upstream(request: HttpRequest, upstream: int) -> UpstreamShape:
    return UpstreamShape.of(found(Upstream.objects.all(), pk=upstream))


@operations.patch("admin/upstreams/{int:upstream}", response=UpstreamShape)
@transaction.atomic
def change_upstream(request: HttpRequest, upstream: int, body: UpstreamChange) -> UpstreamShape:
    """Changes a server. Its API key goes in and never comes out; a new address forgets the one for the old."""
    row = locked(Upstream.objects.all(), pk=upstream)
    unchanged(request, UpstreamShape.of(row))
    shown = filled(UpstreamForm(instance=row), **body.given())
    if "api_key" not in body.given():
        shown["api_key"] = ""  # as the page's form, which does not show it
    form = valid(UpstreamForm(shown, instance=row))
    _changed(form.save(), form)
    return UpstreamShape.of(row)


@operations.delete("admin/upstreams/{int:upstream}", response={204: None})
@transaction.atomic
def delete_upstream(request: HttpRequest, upstream: int) -> Status[None]:
    _remove(request, locked(Upstream.objects.all(), pk=upstream), UpstreamShape)
    return Status(204, None)


@operations.post("admin/upstreams/{int:upstream}/discover", response=list[DeploymentShape])
def discover_models(request: HttpRequest, upstream: int) -> list[DeploymentShape]:
    """Asks the server for its models and offers those that are new."""
    return [DeploymentShape.of(each) for each in upstreams.discover(found(Upstream.objects.all(), pk=upstream))]


@operations.get("admin/deployments", response=Page[DeploymentShape])
def list_deployments(request: HttpRequest, turning: Turned, upstream: Number | None = None) -> Page[DeploymentShape]:
    rows = Deployment.objects.prefetch_related("teams")
    rows = rows.filter(upstream=upstream) if upstream else rows
    return page(request, rows, ["name", "id"], turning, DeploymentShape.of)


@operations.post("admin/deployments", response={201: DeploymentShape})
@transaction.atomic
def create_deployment(request: HttpRequest, body: NewDeployment) -> Status[DeploymentShape]:
    data = model_to_dict(Deployment()) | body.given()
    made = valid(DeploymentForm(_shown(data))).save()
    audit.record(Kind.SETTING_ADDED, made)
    return Status(201, DeploymentShape.of(made))


@operations.get("admin/deployments/{int:deployment}", response=DeploymentShape)
def get_deployment(request: HttpRequest, deployment: int) -> DeploymentShape:
    return DeploymentShape.of(found(Deployment.objects.all(), pk=deployment))


@operations.patch("admin/deployments/{int:deployment}", response=DeploymentShape)
@transaction.atomic
def change_deployment(request: HttpRequest, deployment: int, body: DeploymentChange) -> DeploymentShape:
    row = locked(Deployment.objects.all(), pk=deployment)
    unchanged(request, DeploymentShape.of(row))
    form = valid(DeploymentForm(_shown(filled(DeploymentForm(instance=row), **body.given())), instance=row))
    _changed(form.save(), form)
    return DeploymentShape.of(found(Deployment.objects.all(), pk=deployment))


@operations.delete("admin/deployments/{int:deployment}", response={204: None})
@transaction.atomic
def delete_deployment(request: HttpRequest, deployment: int) -> Status[None]:
    _remove(request, locked(Deployment.objects.all(), pk=deployment), DeploymentShape)
    return Status(204, None)


def _shown(data: dict[str, Any]) -> dict[str, Any]:
    """A page sends JSON as text."""
    return data | ({"defaults": "{}"} if data.get("defaults") in (None, {}) else {})


def _changed(row: Any, form: Any) -> None:
    if form.changed_data:
        audit.record(Kind.SETTING_CHANGED, row, detail=", ".join(form.changed_data))


def _remove(request: HttpRequest, row: Any, shape: Any) -> None:
    unchanged(request, shape.of(row), required=False)
    audit.record(Kind.SETTING_REMOVED, row)
    row.delete()
