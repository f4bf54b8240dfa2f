"""What holds for every operation: problems, pages, conditions, one run of a request, and strict bodies."""

import threading
import time
from typing import Any

import httpx2
import pytest
from django.core.cache import cache
from django.db import OperationalError, connection, transaction
from django.test import Client

from accounts.models import Team, User
from chat.models import Conversation, Prompt
from chat.offering_forms import PromptForm
from gateway.models import ApiKey
from tests.chat.exchanges import conversation_of
from tests.conftest import BACKEND
from tests.gateway.serving import in_this_process
from tests.rest.conftest import BASE, Api, signed_in, with_key
from tests.rest.live import Script

PROMPT = {"title": "Protokoll", "text": "Schreibe."}


def problem(response: Any) -> tuple[int, str]:
    assert response["Content-Type"] == "application/problem+json"
    told = response.json()
    assert {"type", "title", "status", "detail", "code"} <= set(told)
    assert (told["status"], told["type"]) == (response.status_code, f"/api/v1/problems/{told['code']}")
    return told["status"], told["code"]


# --- problems -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_whatever_goes_wrong_is_a_problem(api: Api) -> None:
    assert problem(api.get("/nothing")) == (404, "not_found")
    assert problem(api.get("/conversations/7")) == (404, "not_found")
    assert problem(api("DELETE", "/me")) == (405, "method_not_allowed")
    assert problem(Api(Client()).get("/me")) == (401, "invalid_api_key")
    assert problem(Api(Client(), "vol-wrong").get("/me")) == (401, "invalid_api_key")
    assert problem(api.get("/conversations?limit=1000")) == (422, "invalid")
    assert problem(api.get("/conversations?colour=red")) == (422, "invalid")


@pytest.mark.django_db
def test_each_field_that_does_not_fit_is_named(api: Api) -> None:
    response = api.post("/prompts", {"title": 7, "colour": "red"})
    assert problem(response) == (422, "invalid")
    assert {error["field"] for error in response.json()["errors"]} == {"title", "text", "colour"}


@pytest.mark.django_db
def test_the_type_of_a_problem_leads_to_its_explanation(api: Api) -> None:
    told = api.get("/nothing").json()
    assert told["title"] in Client().get(told["type"]).content.decode().replace("&#x27;", "'")
    assert Client().get(told["type"], headers={"Accept": "application/json"}).json()["status"] == 404
    assert Client().get("/api/v1/problems/made-up").status_code == 404


@pytest.mark.django_db
def test_a_fault_of_ours_is_a_problem_without_its_words(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("chat.rest.prompts._shape", broken)
    Prompt.objects.create(owner=User.objects.get(), title="x", text="y")
    response = api.get("/prompts")
    assert problem(response) == (500, "gateway_error") and b"secret" not in response.content


@pytest.mark.django_db
def test_a_database_that_is_away_is_said(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError

    monkeypatch.setattr("chat.rest.prompts.person", away)
    assert problem(api.get("/prompts")) == (503, "service_unavailable")


@pytest.mark.django_db
def test_every_answer_names_its_request(api: Api) -> None:
    names = {api.get("/me")["x-request-id"], api.get("/nothing")["x-request-id"]}
    assert len(names) == 2 and "" not in names


# --- who calls ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_session_has_to_send_its_token_with_what_it_changes(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice, backend=BACKEND)
    api = Api(client)
    assert api.get("/me").status_code == 200
    assert problem(api.post("/prompts", PROMPT)) == (403, "csrf_failed")
    client.get("/accounts/preferences/")
    token = client.cookies["csrftoken"].value
    assert api.post("/prompts", PROMPT, X_CSRFToken=token).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_a_key_decides_before_a_session(alice: User, bob: User) -> None:
    api = with_key(bob)
    api.client.force_login(alice, backend=BACKEND)
    assert api.get("/me").json()["name"] == "Bob"


@pytest.mark.django_db(transaction=True)
def test_no_other_site_may_but_the_one_that_a_key_names(alice: User) -> None:
    site = "https://www.example.org"
    plain, named = with_key(alice), with_key(alice, origins=[site])
    asked = {"Origin": site, "Access-Control-Request-Method": "GET"}
    assert "Access-Control-Allow-Origin" not in plain.get("/me", Origin=site)
    assert named.get("/me", Origin=site)["Access-Control-Allow-Origin"] == site
    assert "Access-Control-Allow-Origin" not in named.get("/me", Origin="https://evil.example")
    preflight = Client().options(f"{BASE}/me", headers=asked)
    assert (preflight.status_code, preflight["Access-Control-Allow-Origin"]) == (204, site)
    assert "Access-Control-Allow-Credentials" not in preflight
    ApiKey.objects.update(origins=[])
    assert "Access-Control-Allow-Origin" not in Client().options(f"{BASE}/me", headers=asked)


# --- pages ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_pages_show_everything_once(api: Api, alice: User) -> None:
    made = [str(conversation_of(alice).id) for _ in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        page = api.get(f"/conversations?limit=2&cursor={cursor}").json()
        seen += [each["id"] for each in page["items"]]
        cursor = page["next"]
    assert seen == made[::-1]


@pytest.mark.django_db
@pytest.mark.parametrize("order", ["used", "title", "created"])
def test_every_order_has_its_pages(api: Api, alice: User, order: str) -> None:
    for number in range(4):
        conversation_of(alice, title=f"Nr. {number % 2}")
    first = api.get(f"/conversations?limit=3&order={order}").json()
    last = api.get(f"/conversations?limit=3&order={order}&cursor={first['next']}").json()
    assert len({each["id"] for each in [*first["items"], *last["items"]]}) == 4 and last["next"] is None


@pytest.mark.django_db
def test_a_cursor_is_for_its_reader_list_and_order(api: Api, alice: User, bob: User) -> None:
    for _ in range(2):
        conversation_of(alice)
    cursor = api.get("/conversations?limit=1").json()["next"]
    assert problem(signed_in(bob).get(f"/conversations?cursor={cursor}")) == (400, "invalid_cursor")
    assert problem(api.get(f"/prompts?cursor={cursor}")) == (400, "invalid_cursor")
    assert problem(api.get(f"/conversations?order=title&cursor={cursor}")) == (400, "invalid_cursor")
    assert problem(api.get(f"/conversations?cursor={cursor[:-1]}")) == (400, "invalid_cursor")
    assert problem(api.get("/conversations?cursor=made-up")) == (400, "invalid_cursor")


@pytest.mark.django_db
def test_a_longer_list_costs_no_more_queries(api: Api, alice: User, django_assert_max_num_queries: Any) -> None:
    for _ in range(3):
        conversation_of(alice)
    api.get("/conversations")
    with django_assert_max_num_queries(5):
        api.get("/conversations?limit=1")
    for _ in range(20):
        conversation_of(alice)
    with django_assert_max_num_queries(5):
        assert len(api.get("/conversations").json()["items"]) == 23


# --- conditions -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_change_begins_from_what_was_read(api: Api) -> None:
    made = api.post("/prompts", PROMPT)
    path = f"/prompts/{made.json()['id']}"
    assert api.get(path)["ETag"] == made["ETag"]
    assert problem(api.patch(path, {"title": "Neu"})) == (428, "condition_missing")
    assert problem(api.patch(path, {"title": "Neu"}, If_Match='"other"')) == (412, "changed_meanwhile")
    changed = api.patch(path, {"title": "Neu"}, If_Match=made["ETag"])
    assert (changed.status_code, changed.json()["text"]) == (200, "Schreibe.")
    assert problem(api.patch(path, {"title": "Neuer"}, If_Match=made["ETag"])) == (412, "changed_meanwhile")
    assert api.get(path)["ETag"] == changed["ETag"] != made["ETag"]
    assert problem(api("DELETE", path, If_Match=made["ETag"])) == (412, "changed_meanwhile")
    assert api("DELETE", path).status_code == 204


# --- once -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_same_request_is_run_once(api: Api) -> None:
    first, again = (api.post("/prompts", PROMPT, Idempotency_Key="a") for _ in range(2))
    assert (again.status_code, again.content, again["x-voliere-repeated"]) == (201, first.content, "true")
    assert Prompt.objects.count() == 1
    other = api.post("/prompts", {**PROMPT, "title": "Anders"}, Idempotency_Key="a")
    assert problem(other) == (409, "idempotency_conflict")
    assert api.post("/prompts", PROMPT, Idempotency_Key="b").json()["id"] != first.json()["id"]


@pytest.mark.django_db
def test_a_key_that_is_too_long_is_refused_and_not_cut_to_anothers(api: Api) -> None:
    refused = api.post("/prompts", PROMPT, Idempotency_Key="a" * 201)
    assert problem(refused) == (422, "invalid") and refused.json()["errors"][0]["field"] == "Idempotency-Key"
    assert api.post("/prompts", PROMPT, Idempotency_Key="a" * 200).status_code == 201


@pytest.mark.django_db
def test_a_key_of_one_is_not_that_of_another(api: Api, bob: User) -> None:
    api.post("/prompts", PROMPT, Idempotency_Key="a")
    assert "x-voliere-repeated" not in signed_in(bob).post("/prompts", PROMPT, Idempotency_Key="a")


@pytest.mark.django_db
def test_what_was_refused_may_be_tried_again(api: Api) -> None:
    assert api.post("/prompts", {"title": ""}, Idempotency_Key="a").status_code == 422
    assert api.post("/prompts", PROMPT, Idempotency_Key="a").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_runs(alice: User) -> None:
    apis, statuses = [signed_in(alice) for _ in range(4)], []

    def send(api: Api) -> None:
        statuses.append(api.post("/prompts", PROMPT, Idempotency_Key="a").status_code)
        connection.close()

    threads = [threading.Thread(target=send, args=[api]) for api in apis]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Prompt.objects.count() == 1 and set(statuses) <= {201, 409} and 201 in statuses


@pytest.mark.django_db(transaction=True)
def test_what_was_asked_by_who_hung_up_is_not_done_twice(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(self: PromptForm) -> Prompt:
        time.sleep(1)
        return saved(self)

    saved = PromptForm.save
    monkeypatch.setattr(PromptForm, "save", slowly)
    with in_this_process() as address:
        script = Script(address, ApiKey.create(alice, "script")[1], patience=0.5)
        with pytest.raises(httpx2.TimeoutException):
            script("POST", "/prompts", PROMPT, Idempotency_Key="a")
        script.patience = 60
        assert script.when_free("POST", "/prompts", PROMPT, Idempotency_Key="a").json()["code"] == "answer_not_kept"
        assert script("POST", "/prompts", {**PROMPT, "title": "x"}, Idempotency_Key="a").status_code == 409
        time.sleep(1)
    assert Prompt.objects.count() == 1


@pytest.mark.django_db
def test_an_answer_that_is_too_long_to_keep_is_not_asked_for_twice(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.rest.receiving.LONGEST", 10)
    assert api.post("/prompts", PROMPT, Idempotency_Key="a").status_code == 201
    refused = api.post("/prompts", PROMPT, Idempotency_Key="a")
    assert problem(refused) == (409, "answer_not_kept") and "Retry-After" not in refused


@pytest.mark.django_db(transaction=True)
def test_of_two_with_one_name_at_once_the_second_is_told_so(admin: User) -> None:
    stored = threading.Event()

    def first() -> None:
        with transaction.atomic():
            Team.objects.create(name="Garten")
            stored.set()
            time.sleep(0.5)  # the other one has looked by then, and waits
        connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    stored.wait(5)
    assert problem(signed_in(admin).post("/admin/teams", {"name": "Garten"})) == (409, "overtaken")
    thread.join()


@pytest.mark.django_db
def test_without_a_cache_it_goes_on(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "add", lambda *_: False)
    monkeypatch.setattr(cache, "get", lambda *_: None)
    assert api.post("/prompts", PROMPT, Idempotency_Key="a").status_code == 201


# --- bodies ---------------------------------------------------------------------------------------------------------

DEEP = b'{"title": ' + b"[" * 1_000 + b"]" * 1_000 + b"}"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"title": "a", "title": "b", "text": "c"}',
        b'{"title": "\\u0000", "text": "c"}',
        b'{"title": "\\ud800", "text": "c"}',
        b'{"title": "\xff", "text": "c"}',
        b'{"title": NaN, "text": "c"}',
        b'{"title": 1e999, "text": "c"}',
        b'{"title": ' + b"9" * 5_000 + b"}",
        b"[" * 100_000,
        DEEP,
        '{"title": "a"}'.encode("utf-16"),
    ],
)
def test_a_body_that_is_none_is_refused(api: Api, body: bytes) -> None:
    response = api.client.post(f"{BASE}/prompts", body, content_type="application/json")
    assert problem(response) == (400, "invalid_body") and not Prompt.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("body", ["", "[]", "null", "7", '"x"', "{}", '{"title": null, "text": "x"}'])
def test_json_of_another_form_is_refused(api: Api, body: str) -> None:
    response = api.client.post(f"{BASE}/prompts", body, content_type="application/json")
    assert problem(response) == (422, "invalid")


@pytest.mark.django_db
def test_another_kind_of_body_is_refused(api: Api, alice: User) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
        response = api.client.post(f"{BASE}/prompts", '{"title": "a"}', content_type=kind)
        assert problem(response) == (415, "unsupported_media_type")
    conversation = Conversation.objects.create(owner=alice)
    assert problem(api.post(f"/conversations/{conversation.id}/files", {"file": "x"}))[0] in (415, 422)


@pytest.mark.django_db
def test_a_body_that_is_too_large_is_refused(api: Api) -> None:
    response = api.post("/prompts", {"title": "a", "text": "x" * 6_000_000})
    assert problem(response) == (413, "request_too_large")


@pytest.mark.django_db
def test_a_query_that_cannot_be_stored_is_refused(api: Api) -> None:
    assert problem(api.get("/conversations/search?q=%00")) == (422, "invalid")
    assert problem(api.get("/prompts?title=a%00")) == (422, "invalid")
