"""Every operation, as who is meant to use it and as everybody else. One without a row fails.

Bodies are the description's own examples, so that these are tried, too.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from allauth.usersessions.models import UserSession
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from config.rest import api as whole_api
from gateway.models import Alias, ApiKey, Deployment, Quota, Scope, Upstream, Webhook
from tests.rest.conftest import BASE, Api, signed_in, with_key
from tests.test_access import House

PEOPLE = ("alice", "bob", "charlie", "lead", "admin", "auditor")
OK, NO, GONE = "ok", 403, 404
EVERYBODY = (OK,) * 6
OWN = (OK, GONE, GONE, GONE, GONE, GONE)  # Alice's
SHARED = (OK, OK, GONE, GONE, GONE, GONE)  # with Bob, to read
ADMINS = (NO, NO, NO, NO, OK, NO)
AUDITED = (NO, NO, NO, NO, OK, OK)
INVITERS = (OK, NO, NO, OK, OK, NO)  # Alice leads a team, too
TEAMS_INVITATION = (OK, GONE, GONE, GONE, OK, GONE)


def named(text: str) -> list[str]:
    return text.split()


ROWS: dict[str, tuple[object, ...]] = {
    **dict.fromkeys(
        named("""get_me get_preferences change_preferences get_memory switch_memory forget_everything remember_fact
        list_sessions end_other_sessions list_models list_own_keys own_usage list_collections create_collection search
        list_conversations create_conversation search_conversations export_conversations list_shares list_own_shares
        list_exports begin_export
        list_assistants create_assistant list_prompts create_prompt list_projects create_project import_conversations
        list_webhooks"""),
        EVERYBODY,
    ),
    **dict.fromkeys(named("create_own_key create_webhook"), ADMINS),  # no team here may have some
    **dict.fromkeys(
        named("""correct_fact forget_fact end_one_session revoke_own_key change_collection delete_collection
        retry_documents cancel_documents move_documents list_members share_collection unshare_collection upload_document
        delete_document retry_document cancel_document get_conversation change_conversation delete_conversation
        restore_conversation export_conversation list_messages ask get_message follow_answer stop_answer retry_answer
        regenerate_answer continue_answer edit_message show_branch take_answer give_opinion fork_conversation get_share
        share_conversation take_share_back update_share change_assistant delete_assistant get_assistant_offer
        offer_assistant change_prompt delete_prompt get_prompt_offer offer_prompt get_project change_project
        delete_project list_project_files attach_to_project detach_from_project list_files attach_file detach_file
        try_collection get_export get_receipt get_webhook change_webhook delete_webhook rotate_webhook
        switch_webhook_on list_deliveries replay_delivery"""),
        OWN,
    ),
    "rotate_own_key": (NO, GONE, GONE, GONE, GONE, GONE),
    **dict.fromkeys(
        named("""get_collection list_documents get_document list_versions get_text get_page list_passages get_file
        read_share copy_share get_assistant get_prompt get_shared_receipt"""),
        SHARED,
    ),
    **dict.fromkeys(
        named("""change_user erase_user sign_out_user remove_factors create_team change_team delete_team put_in_team
        take_out_of_team create_key rotate_key revoke_key create_upstream change_upstream delete_upstream
        discover_models create_deployment change_deployment delete_deployment create_quota change_quota delete_quota
        all_usage list_jobs retry_job create_alias change_alias delete_alias create_house_webhook change_house_webhook
        delete_house_webhook rotate_house_webhook switch_house_webhook_on list_house_deliveries
        replay_house_delivery"""),
        ADMINS,
    ),
    **dict.fromkeys(
        named("""list_users get_user list_teams get_team list_team_members list_events list_keys list_upstreams
        get_upstream list_deployments get_deployment list_quotas get_quota list_aliases get_alias list_house_webhooks
        get_house_webhook"""),
        AUDITED,
    ),
    "list_invitations": INVITERS,
    "create_invitation": INVITERS,
    "revoke_invitation": TEAMS_INVITATION,
}
OF_WHAT_IT_TELLS = {"webhooks": Scope.DOCUMENTS_READ}
IN_ORDER = ("get", "post", "put", "patch", "delete")
WITH_QUERY = {"search": "?q=Haus", "search_conversations": "?q=Haus", "try_collection": "?q=Haus"}
UPLOADS = ("upload_document", "attach_to_project", "attach_file", "import_conversations")
LAST = (
    "forget_everything",
    "end_other_sessions",
    "delete_conversation",
    "delete_collection",
    "delete_project",
    "erase_user",
    "delete_upstream",
    "delete_team",
    "delete_webhook",
    "delete_house_webhook",
)


@dataclass(frozen=True)
class Operation:
    name: str
    method: str
    path: str
    scope: str
    tag: str
    body: dict[str, Any] | None

    def call(self, api: Api, ids: dict[str, object]) -> Any:
        path = self.path.removeprefix(BASE).format(**ids) + WITH_QUERY.get(self.name, "")
        if self.name in UPLOADS:
            sent = {"file": SimpleUploadedFile("haus.txt", uuid4().hex.encode())}
            return api.client.post(BASE + path, sent, headers=api.headers)
        body = {**self.body, **{name: str(ids[name]) for name in ("target", "user") if name in self.body and name in
                                ids}} if self.body else None  # fmt: skip
        return api(self.method.upper(), path, body, Prefer="respond-async")


def operations() -> Iterator[Operation]:
    description = json.loads(json.dumps(whole_api.get_openapi_schema(), default=str))
    schemas = description["components"]["schemas"]
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            name = content["schema"]["$ref"].rpartition("/")[2] if content else ""
            body = schemas[name]["examples"][0] if name else None
            yield Operation(operation["operationId"], method, path, operation["x-scope"], operation["tags"][0], body)


EVERY = sorted(operations(), key=lambda each: (IN_ORDER.index(each.method), each.name in LAST, each.name))


@pytest.fixture
def ids(house: House, charlie: User, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> dict[str, object]:
    monkeypatch.setattr("chat.generation.start", lambda answer: None)
    upstream = Upstream.objects.create(name="nirgends", base_url="http://127.0.0.1:9/v1")
    deployment = Deployment.objects.create(upstream=upstream, name="parrot", model="parrot")
    membership = house.invitation.team.membership_set.get()  # type: ignore[union-attr]
    return {
        "conversation": house.conversation.id,
        "message": house.message.id,
        "collection": house.document.collection_id,
        "document": house.printed.id,
        "member": house.share.pk,
        "share": house.shown.id,
        "assistant": house.assistant.id,
        "prompt": house.prompt.id,
        "project": house.project.id,
        "fact": house.fact.id,
        "session": house.session.pk,
        "invitation": house.invitation.pk,
        "key": house.key.pk,
        "team": membership.team_id,
        "user": charlie.pk,
        "upstream": upstream.pk,
        "deployment": deployment.pk,
        "quota": Quota.objects.create(limit=1).pk,
        "export": house.export.pk,
        "number": 1,
        "alias": Alias.objects.create(name="large", target="parrot").pk,
        "webhook": house.delivery.webhook_id,
        "delivery": house.delivery.pk,
    }


def of_the_house(user: User) -> dict[str, object]:
    webhook = Webhook(user=user, is_house=True, name="n8n", url="https://n8n.example.org/", events=["upstream.down"])
    webhook.issue()
    return {"house_webhook": webhook.pk, "delivery": webhook.deliveries.create(event="upstream.down", object_id="1").pk}


def ids_for(operation: Operation, ids: dict[str, object], house: House, alice: User) -> dict[str, object]:
    if "house_webhook" in operation.name or "house_deliver" in operation.name:
        return {**ids, **of_the_house(alice)}
    own: dict[str, dict[str, object]] = {
        "restore_conversation": {"conversation": house.deleted.id},
        "detach_from_project": {"document": house.in_project.id},
        "detach_file": {"document": house.attachment.id},
        "take_out_of_team": {"user": alice.pk},
    }
    if operation.name == "end_one_session":  # whoever lists them clears away those that are over
        ended = UserSession.objects.create(user=alice, ip="192.0.2.1", session_key=uuid4().hex, user_agent="x")
        return {**ids, "session": ended.pk}
    return {**ids, **own.get(operation.name, {})}


def outcome(response: Any) -> object:
    assert response.status_code < 500 or response.status_code in (502, 503), response.content
    if response.status_code >= 400:
        assert response["Content-Type"] == "application/problem+json"
    return response.status_code if response.status_code in (401, 403, 404) else OK


def test_every_operation_has_its_row() -> None:
    assert {operation.name for operation in EVERY} == set(ROWS)


@pytest.mark.django_db(transaction=True)
def test_whoever_may_not_is_refused(
    ids: dict[str, object], house: House, alice: User, bob: User, charlie: User, lead: User, admin: User, auditor: User
) -> None:
    users = dict(zip(PEOPLE, (alice, bob, charlie, lead, admin, auditor), strict=True))
    people = {name: signed_in(user) for name, user in users.items()}
    wrong = []
    for operation in EVERY:
        named = ids_for(operation, ids, house, alice)
        expected = dict(zip(PEOPLE, ROWS[operation.name], strict=True))
        for name, wanted in expected.items():
            if wanted != OK and (got := outcome(operation.call(people[name], named))) != wanted:
                wrong.append((operation.name, name, got))
        if (got := outcome(operation.call(Api(Client()), named))) != 401:
            wrong.append((operation.name, "nobody", got))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.django_db(transaction=True)
def test_a_key_opens_what_its_scope_says_and_nothing_else(
    ids: dict[str, object], house: House, alice: User, admin: User
) -> None:
    wrong = []
    owners = {name: alice if ROWS[name][0] == OK else admin for name in ROWS}
    keys = {user.pk: {scope: with_key(user, *(set(Scope.values) - {scope})) for scope in Scope.values}
            for user in (alice, admin)}  # fmt: skip
    every = {user.pk: with_key(user) for user in (alice, admin)}
    for operation in EVERY:
        if not operation.scope:
            continue
        owner = owners[operation.name].pk
        api = every[owner] if operation.scope == "session" else keys[owner][operation.scope]
        if (got := outcome(operation.call(api, ids_for(operation, ids, house, alice)))) != 403:
            wrong.append((operation.name, operation.scope, got))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("by_key", [False, True])
def test_whoever_may_is_let_in(ids: dict[str, object], house: House, alice: User, admin: User, by_key: bool) -> None:
    wrong = []
    for operation in EVERY:
        row = dict(zip(PEOPLE, ROWS[operation.name], strict=True))
        if (who := next((name for name in ("alice", "admin") if row[name] == OK), None)) is None:
            continue
        user = alice if who == "alice" else admin
        if by_key and operation.scope == "session":
            continue
        hands_on = operation.name in ("create_key", "rotate_key")
        scopes = (
            list(Scope.values) if hands_on else [operation.scope or OF_WHAT_IT_TELLS.get(operation.tag, Scope.USAGE)]
        )
        api = with_key(user, *scopes) if by_key else signed_in(user)
        response = operation.call(api, ids_for(operation, ids, house, alice))
        if outcome(response) != OK and operation.name not in ("erase_user",):
            wrong.append((operation.name, who, response.status_code, response.content))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.django_db(transaction=True)
def test_what_is_shared_is_read(ids: dict[str, object], house: House, alice: User, bob: User) -> None:
    api, wrong = signed_in(bob), []
    for operation in EVERY:
        if ROWS[operation.name] == SHARED and outcome(operation.call(api, ids)) != OK:
            wrong.append(operation.name)
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.django_db(transaction=True)
def test_a_foreign_id_looks_like_an_unknown_one(ids: dict[str, object], house: House, alice: User, bob: User) -> None:
    api, differing = signed_in(bob), []
    unknown = {name: 1_000_000 + value if isinstance(value, int) else uuid4() for name, value in ids.items()}
    for operation in EVERY:
        if ROWS[operation.name] != OWN:
            continue
        foreign = operation.call(api, ids_for(operation, ids, house, alice))
        other = operation.call(api, unknown)
        if (foreign.status_code, foreign.content) != (other.status_code, other.content):
            differing.append((operation.name, foreign.content, other.content))
    assert not differing, "\n".join(map(str, differing))


@pytest.mark.django_db(transaction=True)
def test_a_revoked_key_and_one_of_somebody_who_left_open_nothing(alice: User) -> None:
    api = with_key(alice)
    assert api.get("/me").status_code == 200
    ApiKey.objects.get().revoke()
    assert api.get("/me").status_code == 401
    api = with_key(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert api.get("/me").status_code == 401
