"""What is done with the house through the API: recorded, and no more than the caller opens themselves."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditEvent, Membership, Team, User
from gateway.models import ApiKey, Deployment, Quota, Scope, Upstream, UsageTotal, Webhook
from tests.gateway.test_exports import BERLIN, booked, wren  # noqa: F401  (a fixture)
from tests.rest.conftest import Api, signed_in, with_key

SERVER = {"name": "gpu", "base_url": "http://gpu.example.org:8000/v1", "api_key": "geheim"}


@pytest.fixture
def boss(admin: User) -> Api:
    return signed_in(admin)


def recorded() -> set[str]:
    return set(AuditEvent.objects.values_list("kind", flat=True))


@pytest.mark.django_db
def test_a_servers_key_goes_in_and_never_comes_out(boss: Api) -> None:
    made = boss.post("/admin/upstreams", SERVER)
    assert made.status_code == 201 and b"geheim" not in made.content and made.json()["has_api_key"]
    path = f"/admin/upstreams/{made.json()['id']}"
    assert boss.change(path, {"place": "im Keller"}).json()["has_api_key"]
    assert Upstream.objects.get().api_key == "geheim"
    moved = boss.change(path, {"base_url": "http://elsewhere.example.org/v1"})
    assert not moved.json()["has_api_key"] and Upstream.objects.get().api_key == ""
    assert boss("DELETE", path).status_code == 204
    assert {"setting-added", "setting-changed", "setting-removed"} <= recorded()


@pytest.mark.django_db
def test_a_server_that_makes_no_sense_is_refused(boss: Api) -> None:
    refused = boss.post("/admin/upstreams", {**SERVER, "base_url": "ftp://gpu"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "base_url")


@pytest.mark.django_db
def test_a_quota_is_as_people_reckon(boss: Api, alice: User) -> None:
    made = boss.post("/admin/quotas", {"user": str(alice.pk), "unit": "cost", "limit": "12.50"})
    assert (made.status_code, made.json()["limit"]) == (201, "12.5")
    assert Quota.objects.get().limit == 12_500_000
    changed = boss.change(f"/admin/quotas/{made.json()['id']}", {"limit": "20"})
    assert (changed.status_code, Quota.objects.get().limit) == (200, 20_000_000)


COUNTED: list[tuple[str, dict[str, Any], Callable[[datetime], object], dict[str, Any]]] = [
    ("quotas", {"limit": "1000", "period": "minute"},
     lambda now: Quota.objects.update(used=512, period_start=now), {"limit": "2000"}),
    ("upstreams", SERVER, lambda now: Upstream.objects.update(failures=3, failing_since=now), {"place": "im Keller"}),
    ("webhooks", {"name": "x", "url": "https://n8n.example.org/webhook/7f", "events": ["upstream.down"]},
     lambda now: Webhook.objects.update(failing_since=now, disabled_at=now), {"name": "y"}),
    ("users", {}, lambda now: User.objects.update(last_login=now), {"name": "Ida"}),
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "fields", "count", "change"), COUNTED, ids=[each[0] for each in COUNTED])
def test_what_is_counted_meanwhile_hinders_no_change(
    boss: Api, admin: User, kind: str, fields: dict[str, Any], count: Callable[[datetime], object], change: object
) -> None:
    made = boss.post(f"/admin/{kind}", fields).json()["id"] if fields else admin.pk
    path = f"/admin/{kind}/{made}"
    read = boss.get(path)["ETag"]
    count(timezone.now())
    assert boss.get(path)["ETag"] == read
    changed = boss.patch(path, change, If_Match=read)
    assert changed.status_code == 200 and changed["ETag"] == boss.get(path)["ETag"] != read
    assert boss.patch(path, change, If_Match=read).status_code == 412


@pytest.mark.django_db
def test_an_answer_that_is_told_again_names_the_same_state(boss: Api) -> None:
    first, again = (boss.post("/admin/quotas", {"limit": "1000"}, Idempotency_Key="a") for _ in range(2))
    Quota.objects.update(used=512)
    assert first["ETag"] == again["ETag"] == boss.get(f"/admin/quotas/{again.json()['id']}")["ETag"]


@pytest.mark.django_db
def test_a_deployment_is_made_and_changed(boss: Api) -> None:
    upstream = boss.post("/admin/upstreams", SERVER).json()["id"]
    team = Team.objects.create(name="Board")
    made = boss.post("/admin/deployments", {"upstream": upstream, "name": "parrot", "model": "parrot-7b"})
    assert made.status_code == 201, made.content
    changed = boss.change(f"/admin/deployments/{made.json()['id']}", {"teams": [team.pk], "slots": None})
    assert (changed.json()["teams"], changed.json()["slots"]) == ([team.pk], None)


@pytest.mark.django_db
def test_the_last_admin_stays_one(boss: Api, admin: User) -> None:
    path = f"/admin/users/{admin.pk}"
    refused = boss.change(path, {"role": "member"})
    assert (refused.status_code, refused.json()["code"]) == (409, "last_admin")
    assert boss.post(f"{path}/erasure").json()["code"] == "last_admin" and User.objects.get(pk=admin.pk).is_superuser


@pytest.mark.django_db
def test_people_and_teams_are_managed_and_it_is_recorded(boss: Api, bob: User) -> None:
    team = boss.post("/admin/teams", {"name": "Board"}).json()["id"]
    assert boss.post(f"/admin/teams/{team}/members/{bob.pk}", {"role": "lead"}).json()["role"] == "lead"
    assert boss.change(f"/admin/users/{bob.pk}", {"is_active": False}).json()["is_active"] is False
    assert boss("DELETE", f"/admin/teams/{team}/members/{bob.pk}").status_code == 204
    assert {"member-joined", "member-left", "person-deactivated"} <= recorded()
    assert AuditEvent.objects.filter(kind="person-deactivated").get().actor.is_superuser  # type: ignore[union-attr]


@pytest.mark.django_db(transaction=True)
def test_a_key_hands_on_no_more_than_it_opens(admin: User, bob: User) -> None:
    api = with_key(admin, Scope.ADMIN, Scope.CHAT)
    wanted: dict[str, Any] = {"user": str(bob.pk), "name": "script", "scopes": ["chat"]}
    made = api.post("/admin/keys", wanted)
    assert made.status_code == 201 and made.json()["secret"].startswith("vol-")
    assert api.post("/admin/keys", {**wanted, "scopes": ["documents-read"]}).json()["code"] == "scope_missing"
    assert "secret" not in api.get("/admin/keys").json()["items"][0]
    assert api.post("/keys", {"name": "more", "scopes": ["chat"]}).json()["code"] == "scope_missing"


@pytest.mark.django_db(transaction=True)
def test_the_scope_admin_makes_nobody_one(alice: User) -> None:
    api = with_key(alice)
    assert api.get("/admin/users").json()["code"] == api.get("/admin/usage").json()["code"] == "not_permitted"
    assert Scope.ADMIN not in ApiKey.create(alice, "usual")[0].scopes


@pytest.mark.django_db
def test_an_own_key_is_made_for_a_time(boss: Api) -> None:
    soon = (timezone.now() + timedelta(days=1)).isoformat()
    made = boss.post("/keys", {"name": "report", "scopes": ["usage"], "expires_at": soon})
    assert made.status_code == 201 and ApiKey.objects.get().expires_at
    over = {"name": "report", "scopes": ["usage"], "expires_at": "2020-01-01T00:00:00Z"}
    assert boss.post("/keys", over).status_code == 422
    assert boss.post(f"/keys/{made.json()['id']}/revoke").json()["revoked_at"]
    assert boss.post(f"/keys/{made.json()['id']}/rotate", {}).json()["code"] == "key_ended"
    site = {"name": "site", "scopes": ["chat"], "origins": ["https://www.example.org/path"]}
    assert boss.post("/keys", site).json()["errors"][0]["field"] == "origins"


@pytest.mark.django_db
def test_usage_is_summed_for_who_may_see_it(boss: Api, api: Api, alice: User, bob: User) -> None:
    Membership.objects.create(user=bob, team=Team.objects.create(name="Board"))
    for user, calls in ((alice, 2), (bob, 3)):
        UsageTotal.objects.create(span="day", start=timezone.now(), user=user, model="parrot", purpose="chat",
                                  calls=calls, cost=1_500_000)  # fmt: skip
    assert [row["calls"] for row in api.get("/usage").json()["rows"]] == [2]
    whole = boss.get("/admin/usage?group=model").json()["rows"]
    assert [(row["group"], row["calls"], row["cost"]) for row in whole] == [("parrot", 5, "3")]
    by_team = boss.get("/admin/usage?group=team").json()["rows"]
    assert {(row["group"], row["calls"]) for row in by_team} == {("Board", 3), (None, 2)}
    assert api.get("/usage?since=2020-01-01T00:00:00Z&span=hour").status_code == 422
    assert api.get("/usage?group=user").status_code == 422


def calls(api: Api, since: str, until: str = "", span: str = "all") -> int:
    """What is told between two times is also what is counted between those that come back."""
    asked = {"since": since, "span": span} | ({"until": until} if until else {})
    told = api.get(f"/usage?{urlencode(asked)}").json()
    again = api.get(f"/usage?{urlencode({**asked, 'since': told['since'], 'until': told['until']})}").json()
    assert again == told
    return sum(row["calls"] for row in told["rows"])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("first", "turn", "last"),
    [
        ("2025-10-01T00:00:00+02:00", "2025-11-01T00:00:00+01:00", "2025-12-01T00:00:00+01:00"),
        ("2025-10-01T00:00:00Z", "2025-11-01T00:00:00Z", "2025-12-01T00:00:00Z"),
    ],
    ids=["here", "UTC"],
)
def test_two_months_add_up_to_both(api: Api, alice: User, wren: Deployment, first: str, turn: str, last: str) -> None:  # noqa: F811
    for month, day in ((10, 1), (10, 31), (11, 1), (11, 2), (11, 30)):
        booked(wren, alice, datetime(2025, month, day, 12, tzinfo=BERLIN))
    assert (calls(api, first, turn), calls(api, turn, last), calls(api, first, last)) == (2, 3, 5)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2025-11-01T00:00:00Z", "2025-11-30T23:59:59Z"),
        ("2025-11-01T00:00:00+01:00", "2025-11-30T23:59:59+01:00"),
        ("2025-11-30T11:00:00+01:00", "2025-11-30T13:00:00+01:00"),
    ],
    ids=["UTC", "here", "hours"],
)
def test_what_is_asked_for_is_in_the_sum(api: Api, alice: User, wren: Deployment, since: str, until: str) -> None:  # noqa: F811
    booked(wren, alice, datetime(2025, 11, 30, 12, tzinfo=BERLIN))
    assert calls(api, since, until) == calls(api, since, until, "day") == calls(api, since, until, "hour") == 1


@pytest.mark.django_db
@pytest.mark.parametrize("span", ["all", "day", "hour"])
def test_what_was_used_just_now_is_in_the_sum(api: Api, alice: User, wren: Deployment, span: str) -> None:  # noqa: F811
    now = timezone.now()
    booked(wren, alice, now)
    assert calls(api, now.isoformat(), span=span) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_the_first_and_the_last_day_that_may_be_named_are_counted(api: Api, settings: Settings, zone: str) -> None:
    settings.TIME_ZONE = zone
    for day in ("1970-01-01T00:00:00Z", "2200-12-31T23:59:59Z"):
        told = api.get(f"/usage?{urlencode({'since': day, 'until': day})}")
        assert told.status_code == 200, told.content


@pytest.mark.django_db
def test_an_hour_that_the_clock_repeats_is_two(api: Api, alice: User, wren: Deployment) -> None:  # noqa: F811
    for hour in (0, 1):  # two o'clock in summer, two o'clock in winter
        booked(wren, alice, datetime(2025, 10, 26, hour, 30, tzinfo=UTC))
    hours = [calls(api, f"2025-10-26T0{hour}:00:00Z", f"2025-10-26T0{hour + 1}:00:00Z", "hour") for hour in range(3)]
    assert hours == [1, 1, 0]


@pytest.mark.django_db
def test_a_lead_invites_members_into_the_team_alone(lead: User) -> None:
    api, team = signed_in(lead), Team.objects.get(name="Garten")
    made = api.post("/invitations", {"team": team.pk})
    assert made.status_code == 201 and "/accounts/invitation/" in made.json()["link"]
    assert api.post("/invitations", {"team": team.pk, "role": "admin"}).status_code == 422
    assert "link" not in api.get("/invitations").json()["items"][0]


@pytest.mark.django_db
def test_the_audit_log_is_read_and_narrowed(boss: Api, auditor: User) -> None:
    boss.post("/admin/teams", {"name": "Board"})
    [event] = signed_in(auditor).get("/admin/audit?kind=setting-added").json()["items"]
    assert event["object_kind"] == "accounts.team" and "Board" not in str(event)


@pytest.mark.django_db
def test_an_alias_leads_to_a_model_that_is_there(boss: Api) -> None:
    upstream = boss.post("/admin/upstreams", SERVER).json()["id"]
    boss.post("/admin/deployments", {"upstream": upstream, "name": "parrot", "model": "parrot-7b"})
    assert boss.post("/admin/aliases", {"name": "x", "target": "finch"}).json()["errors"][0]["field"] == "target"
    made = boss.post("/admin/aliases", {"name": "large", "target": "parrot"})
    assert made.status_code == 201, made.content
    for name in ("large", "parrot"):  # of an alias, of a deployment
        refused = boss.post("/admin/aliases", {"name": name, "target": "parrot"})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "name")
    path = f"/admin/aliases/{made.json()['id']}"
    assert boss.change(path, {"name": "big"}).json() == {**made.json(), "name": "big"}
    assert boss("DELETE", path, If_Match=made["ETag"]).status_code == 412
    assert boss("DELETE", path).status_code == 204
    assert {"setting-added", "setting-changed", "setting-removed"} <= recorded()
