"""The rows of tests/permissions.py, tried: the panel with every role, `/v1` with every kind of key."""

import uuid
from typing import Any

import httpx2
import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, reverse

from accounts.models import Team, User
from config.asgi import routes
from gateway.models import ApiKey
from gateway.models.keys import Scope
from rag.models import Collection, Document
from tests import permissions
from tests.accounts.test_roles import client_for, somebody, team
from tests.gateway.serving import in_this_process
from tests.permissions import API, OF_A_MODEL, PANEL, PANEL_PAGES

__all__ = ["team"]

BEYOND_THE_PANEL = ["member", "lead", "former admin", "nobody"]
CUSTOM = sorted(PANEL_PAGES)


def of_models() -> dict[str, tuple[str, str]]:
    """The name of an address -> model and what it takes."""
    return {
        f"{model.replace('.', '_')}_{suffix}": (model, what) for model in PANEL for suffix, what in OF_A_MODEL.items()
    }


def address(name: str) -> str:
    for ids in ({}, {"object_id": str(uuid.uuid4())}, {"object_id": 1}, {"id": uuid.uuid4()}, {"pk": uuid.uuid4()},
                {"app_label": "accounts"}, {"content_type_id": 1, "object_id": 1}, {"what": "teams"}):  # fmt: skip
        try:
            return reverse(f"admin:{name}", kwargs=ids)
        except NoReverseMatch:
            continue
    raise NoReverseMatch(name)


def is_refused(client: Client, name: str) -> bool:
    of_a_field = {"app_label": "gateway", "model_name": "quota", "field_name": "user", "term": ""}
    answer = client.get(address(name), of_a_field if name == "autocomplete" else {})
    if answer.status_code == 405 and name != "logout":  # after which nothing opens
        answer = client.post(address(name))
    return answer.status_code == 403 or (answer.status_code == 302 and "/login/" in answer["Location"])


def test_no_address_of_the_panel_is_forgotten() -> None:
    named = {name.removeprefix("admin:") for name, _path in permissions.named_paths() if name.startswith("admin:")}
    assert named == {*of_models(), *PANEL_PAGES}
    assert set(PANEL) == {model._meta.label_lower for model in admin.site._registry}


@pytest.mark.parametrize("who", BEYOND_THE_PANEL)
def test_who_may_not_enter_the_panel_gets_none_of_it(team: Team, who: str) -> None:
    client = client_for(who, team)
    opened = [name for name in {*of_models(), *PANEL_PAGES} if not is_refused(client, name)]
    assert sorted(opened) == ["logout"]  # which leads to the one sign-in there is


def test_an_auditor_opens_what_the_rows_say(team: Team) -> None:
    client = client_for("auditor", team)
    allowed = {name for name, (model, what) in of_models().items() if what == "view" and PANEL[model][1]}
    allowed |= {name for name, is_open in PANEL_PAGES.items() if is_open}
    hidden = Collection.objects.create(owner=somebody("member", team), name="x")
    Document.objects.create(collection=hidden, name="x", size=1, sha256="1")
    opened = {name for name in {*of_models(), *PANEL_PAGES} if not is_refused(client, name)}
    # without an object there is no history to refuse
    hidden_rows = ("gateway_delivery", "gateway_usage", "rag_collection", "rag_document")
    assert opened - allowed == {f"{model}_history" for model in hidden_rows}
    assert allowed <= opened
    for history in (reverse("admin:rag_collection_history", args=[hidden.pk]),):
        assert client.get(history).status_code == 403


def test_an_admin_opens_what_the_rows_say(team: Team) -> None:
    client = client_for("admin", team)
    allowed = {name for name, (model, what) in of_models().items() if what in PANEL[model][0].split()}
    opened = {name for name in {*of_models(), *PANEL_PAGES} if not is_refused(client, name)}
    assert opened == allowed | set(PANEL_PAGES)


@pytest.mark.parametrize("who", ["auditor", "admin"])
def test_what_is_done_to_a_model_goes_by_its_row(team: Team, who: str) -> None:
    request = RequestFactory().get("/")
    request.user = somebody(who, team)
    for model, panel in admin.site._registry.items():
        admins, auditors = PANEL[model._meta.label_lower]
        expected = admins.split() if who == "admin" else ["view"] if auditors else []
        may = [word for word in permissions.ALL.split() if getattr(panel, f"has_{word}_permission")(request)]
        assert may == expected, model


# --- /v1

BODIES: dict[str, dict[str, Any]] = {
    "/chat/completions": {"model": "x", "messages": [{"role": "user", "content": "x"}]},
    "/completions": {"model": "x", "prompt": "x"},
    "/responses": {"model": "x", "input": "x"},
    "/embeddings": {"model": "x", "input": "x"},
    "/rerank": {"model": "x", "query": "x", "documents": ["x"]},
}


def asked(at: str, address: str, secret: str | None, ids: str) -> int:
    method, _space, path = address.partition(" ")
    url = at + "/v1" + path.replace("{model:rest}", "x").replace("{file_id}", ids).replace("{vector_store_id}", ids)
    headers = {"authorization": f"Bearer {secret}"} if secret else {}
    sent: dict[str, Any] = {}
    if path in ("/audio/transcriptions", "/files") and method == "POST":
        sent = {"files": {"file": ("x.txt", b"x")}, "data": {"model": "x", "purpose": "assistants"}}
    elif method == "POST":
        sent = {"json": BODIES.get(path, {})}
    return httpx2.request(method, url.replace("{batch_id}", ids), headers=headers, timeout=20, **sent).status_code


def test_no_address_of_the_api_is_forgotten() -> None:
    assert {f"{route.method} {route.path}" for route in routes} == set(API)


@pytest.mark.django_db(transaction=True)
def test_a_key_opens_what_its_scope_says(alice: User) -> None:
    keys = {scope: ApiKey.create(alice, scope) for scope in Scope.values}
    without = {scope: ApiKey.create(alice, f"all but {scope}") for scope in Scope.values}
    for scope in Scope.values:
        ApiKey.objects.filter(pk=keys[scope][0].pk).update(scopes=[scope])
        ApiKey.objects.filter(pk=without[scope][0].pk).update(scopes=[each for each in Scope.values if each != scope])
    with in_this_process() as at:
        for address, scope in API.items():
            unknown = str(uuid.uuid4())
            assert asked(at, address, None, unknown) == 401, address
            assert asked(at, address, "vol-wrong", unknown) == 401, address
            if scope:
                assert asked(at, address, without[scope][1], unknown) == 403, address
                assert asked(at, address, keys[scope][1], unknown) not in (401, 403, 500), address


@pytest.mark.django_db(transaction=True)
def test_anothers_ids_are_as_unknown_as_wrong_ones(alice: User, charlie: User) -> None:
    store = Collection.objects.create(owner=alice, name="x")
    document = Document.objects.create(collection=store, name="x", size=1, sha256="1")
    _key, secret = ApiKey.create(charlie, "script")
    ApiKey.objects.update(scopes=Scope.values)
    with in_this_process() as at:
        for address in API:
            if "{file_id}" in address or "{vector_store_id}" in address:
                one = str(document.pk if "{file_id}" in address else store.pk)
                assert asked(at, address, secret, one) == asked(at, address, secret, str(uuid.uuid4())), address
                assert asked(at, address, secret, one) in (400, 404), address


def test_the_written_table_is_what_the_rows_say() -> None:
    assert permissions.PAGE.read_text() == permissions.written(), "stale: .venv/bin/python -m tests.permissions"
