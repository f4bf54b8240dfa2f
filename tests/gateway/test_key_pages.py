"""A person's own keys in the pages, and everybody's in the panel."""

import logging
import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, Team, User
from gateway.models import ApiKey, Deployment, Upstream
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
SECRET = re.compile(r"vol-[\w-]{43}")
FORM = {"name": "report", "scopes": ["chat"], "lasts": "days"}


@pytest.fixture
def team(alice: User) -> Team:
    """Alice may create keys, Bob and Charlie may not."""
    team = Team.objects.create(name="Technik", may_create_keys=True)
    Membership.objects.create(user=alice, team=team)
    return team


@pytest.fixture
def parrot(db: None) -> Deployment:
    upstream = Upstream.objects.create(name="aviary", base_url="http://gpu:8000/v1")
    return Deployment.objects.create(upstream=upstream, name="parrot", model="parrot")


@pytest.fixture
def key(alice: User) -> ApiKey:
    return ApiKey.create(alice, "script")[0]


@pytest.fixture
def panel(db: None) -> Client:
    return client_of(User.objects.create_superuser("root@example.org", name="Root"))


def create(client: Client, **fields: object) -> HttpResponse:
    return client.post(reverse("keys:create"), FORM | fields)


def secret_in(response: HttpResponse) -> str:
    assert response.status_code == 200
    [secret] = set(SECRET.findall(response.content.decode()))
    return secret


def opened_by(secret: str) -> ApiKey | None:
    return ApiKey.objects.for_digest(ApiKey.digest_of(secret))


def test_a_person_creates_a_key_and_reads_its_secret_once(team: Team, alice: User, alices_client: Client) -> None:
    secret = secret_in(create(alices_client))
    key = opened_by(secret)
    assert key and (key.user, key.name, key.scopes, key.model_names) == (alice, "report", ["chat"], None)
    assert secret not in alices_client.get(reverse("keys:list")).text


def test_the_secret_is_in_that_answer_and_nowhere_else(
    team: Team, alices_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answers = [create(alices_client)]
        url = reverse("keys:rotate", args=[ApiKey.objects.get().pk])
        answers.append(alices_client.post(url, {"overlap": "24"}))
    for answer in answers:
        assert "no-store" in answer["Cache-Control"]
        told = [*get_messages(answer.wsgi_request), *answer.headers.values()]
        assert not SECRET.search(f"{told} {alices_client.cookies} {dict(alices_client.session)} {caplog.text}")


def test_the_example_names_this_server_and_a_model_of_theirs(
    team: Team, parrot: Deployment, alices_client: Client
) -> None:
    page = create(alices_client).text
    assert "/v1/chat/completions" in page and "&quot;model&quot;: &quot;parrot&quot;" in page


def test_a_model_for_another_team_is_neither_offered_nor_taken(
    team: Team, parrot: Deployment, alices_client: Client
) -> None:
    parrot.teams.add(Team.objects.create(name="Leitung"))
    assert "parrot" not in alices_client.get(reverse("keys:create")).text
    assert create(alices_client, model_names=["parrot"]).status_code == 400
    assert not ApiKey.objects.exists()


def test_a_key_is_for_the_chosen_models(team: Team, parrot: Deployment, alices_client: Client) -> None:
    create(alices_client, model_names=["parrot"])
    assert ApiKey.objects.get().model_names == ["parrot"]


@pytest.mark.parametrize(("lasts", "days"), [("days", 90), ("never", None), ("date", 10)])
def test_a_key_lasts_as_long_as_was_chosen(team: Team, alices_client: Client, lasts: str, days: int | None) -> None:
    create(alices_client, lasts=lasts, last_day=str(timezone.localdate() + timedelta(days=10)))
    ends = ApiKey.objects.get().expires_at
    assert (ends and (timezone.localtime(ends).date() - timezone.localdate()).days) == days


@pytest.mark.parametrize("day", ["", "2020-01-01", "9999-12-31", "soon"])
def test_a_day_that_is_none_makes_no_key(team: Team, alices_client: Client, day: str) -> None:
    assert create(alices_client, lasts="date", last_day=day).status_code == 400
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("fields", [{"scopes": []}, {"scopes": ["admin"]}, {"name": ""}, {"lasts": "century"}])
def test_a_form_that_makes_no_sense_makes_no_key(team: Team, alices_client: Client, fields: dict[str, object]) -> None:
    assert create(alices_client, **fields).status_code == 400
    assert not ApiKey.objects.exists()


def test_nobody_creates_a_key_for_another(team: Team, alice: User, bob: User, alices_client: Client) -> None:
    create(alices_client, user=str(bob.pk), digest="0" * 64)
    assert ApiKey.objects.get().user == alice


def test_who_may_not_create_keys_is_told_whom_to_ask(team: Team, panel: Client, bobs_client: Client) -> None:
    page = bobs_client.get(reverse("keys:list")).text
    assert "none of your teams" in page and "root@example.org" in page and "New key" not in page
    assert create(bobs_client).status_code == 302 and not ApiKey.objects.exists()


def test_an_admin_may(panel: Client) -> None:
    assert secret_in(create(panel))


def test_who_has_a_key_but_may_not_create_any_revokes_it_and_rotates_none(key: ApiKey, alices_client: Client) -> None:
    digest = key.digest
    assert alices_client.post(reverse("keys:rotate", args=[key.pk]), {"overlap": "0"}).status_code == 302
    alices_client.post(reverse("keys:revoke", args=[key.pk]))
    key.refresh_from_db()
    assert key.digest == digest and key.revoked_at


@pytest.mark.parametrize(("hours", "opens"), [("0", False), ("1", True), ("168", True)])
def test_a_rotation_keeps_the_former_secret_as_long_as_chosen(
    team: Team, alice: User, alices_client: Client, hours: str, opens: bool
) -> None:
    key, former = ApiKey.create(alice, "script")
    secret = secret_in(alices_client.post(reverse("keys:rotate", args=[key.pk]), {"overlap": hours}))
    assert opened_by(secret) == key
    assert bool(opened_by(former)) == opens
    key.refresh_from_db()
    assert bool(key.overlaps_until) == opens


def test_why_a_site_is_none_is_said(team: Team, alices_client: Client) -> None:
    sent = {"name": "script", "scopes": ["chat"], "lasts": "never", "origins": "https://a.example,example.org"}
    assert "without a path" in alices_client.post(reverse("keys:create"), sent).text.partition("errorlist")[2]
    assert not ApiKey.objects.exists()


def test_a_page_sent_again_rotates_nothing_a_second_time(team: Team, alice: User, alices_client: Client) -> None:
    key, former = ApiKey.create(alice, "script")
    page = reverse("keys:rotate", args=[key.pk])
    sent = {"overlap": "24", "of": alices_client.get(page).context["form"]["of"].value()}
    secret = secret_in(alices_client.post(page, sent))
    again = alices_client.post(page, sent)
    assert "has got a new secret already" in again.text and not SECRET.search(again.text)
    assert opened_by(secret) == opened_by(former) == key
    assert secret_in(alices_client.post(page, {"overlap": "24", "of": again.context["form"]["of"].value()}))


def test_a_rotation_for_longer_than_offered_is_none(team: Team, key: ApiKey, alices_client: Client) -> None:
    page = alices_client.post(reverse("keys:rotate", args=[key.pk]), {"overlap": "9000"}).text
    assert not SECRET.search(page)


def test_a_revoked_key_is_not_rotated(team: Team, key: ApiKey, alices_client: Client) -> None:
    key.revoke()
    response = alices_client.post(reverse("keys:rotate", args=[key.pk]), {"overlap": "0"}, follow=True)
    assert "revoked or has expired" in response.text


def test_revoking_asks_first(key: ApiKey, alices_client: Client) -> None:
    url = reverse("keys:revoke", args=[key.pk])
    assert "Revoke “script”?" in alices_client.get(url).text
    assert ApiKey.objects.usable().exists()
    alices_client.post(url)
    assert not ApiKey.objects.usable().exists()


def test_the_list_shows_own_keys_alone(key: ApiKey, bob: User, alices_client: Client) -> None:
    ApiKey.create(bob, "bobs export")
    page = alices_client.get(reverse("keys:list")).text
    assert "script" in page and key.prefix in page and "bobs export" not in page


@pytest.mark.parametrize("name", ["keys:rotate", "keys:revoke"])
@pytest.mark.parametrize("pk", [None, 10**30])
def test_a_foreign_key_is_as_unknown_as_none(key: ApiKey, panel: Client, name: str, pk: int | None) -> None:
    url = reverse(name, args=[pk or key.pk])
    assert [panel.get(url).status_code, panel.post(url, {"overlap": "0"}).status_code] == [404, 404]
    assert ApiKey.objects.usable().get().digest == key.digest


# --- the panel ---


def change(key: ApiKey) -> str:
    return reverse("admin:gateway_apikey_change", args=[key.pk])


def rotate(key: ApiKey) -> str:
    return reverse("admin:gateway_apikey_rotate", args=[key.pk])


@pytest.mark.parametrize("button", ["_save", "_continue", "_addanother", "_popup"])
def test_an_admins_new_key_is_on_its_page_and_nowhere_else(panel: Client, alice: User, button: str) -> None:
    data = {"user": str(alice.pk), "name": "report", "scopes": ["chat"], button: "1"}
    response = panel.post(reverse("admin:gateway_apikey_add"), data)
    key = opened_by(secret_in(response))
    assert key and (key.user, key.scopes) == (alice, ["chat"])
    assert "no-store" in response["Cache-Control"]
    told = [*get_messages(response.wsgi_request), *response.headers.values(), *LogEntry.objects.values_list()]
    assert not SECRET.search(f"{told} {panel.cookies} {dict(panel.session)}")


def test_no_key_is_issued_that_has_expired(panel: Client, alice: User) -> None:
    data = {"user": str(alice.pk), "name": "report", "scopes": ["chat"], "expires_at_0": "2020-01-01",
            "expires_at_1": "00:00:00"}  # fmt: skip
    assert "This is in the past." in panel.post(reverse("admin:gateway_apikey_add"), data).text
    assert not ApiKey.objects.exists()


def test_a_change_in_the_panel_touches_what_was_changed_alone(panel: Client, alice: User, parrot: Deployment) -> None:
    key, secret = ApiKey.create(alice, "report")
    used = timezone.now()
    ApiKey.objects.update(last_used_at=used)
    panel.post(change(key), {"name": "monthly report", "scopes": ["chat"], "model_names": ["parrot"]})
    changed = opened_by(secret)
    assert changed and (changed.name, changed.scopes, changed.model_names) == ("monthly report", ["chat"], ["parrot"])
    assert changed.last_used_at == used


def test_a_model_that_is_gone_stays_the_only_one_of_its_key(panel: Client, alice: User, parrot: Deployment) -> None:
    key = ApiKey(user=alice, name="report", model_names=["parrot"])
    key.issue()
    parrot.delete()
    assert 'value="parrot"' in panel.get(change(key)).text


def test_an_admin_rotates_a_key(panel: Client, alice: User) -> None:
    key, former = ApiKey.create(alice, "report")
    assert panel.get(rotate(key)).status_code == 200 and opened_by(former)
    response = panel.post(rotate(key), {"overlap": "1"})
    assert opened_by(secret_in(response)) == opened_by(former) == key
    assert "no-store" in response["Cache-Control"] and LogEntry.objects.count() == 1


def test_an_admin_does_not_rotate_what_has_ended(panel: Client, key: ApiKey) -> None:
    key.revoke()
    assert "revoked or has expired" in panel.post(rotate(key), {"overlap": "1"}, follow=True).text


def test_an_admin_revokes_a_key(panel: Client, alice: User) -> None:
    key, secret = ApiKey.create(alice, "report")
    url = reverse("admin:gateway_apikey_changelist")
    panel.post(url, {"action": "revoke", "_selected_action": str(key.pk)})
    assert opened_by(secret) is None


def test_nobody_else_rotates_in_the_panel(key: ApiKey, alice: User, alices_client: Client) -> None:
    for is_staff in (False, True):
        User.objects.update(is_staff=is_staff)
        assert alices_client.post(rotate(key), {"overlap": "0"}).status_code in (302, 403)
    assert ApiKey.objects.get().digest == key.digest
