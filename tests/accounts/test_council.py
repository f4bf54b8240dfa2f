"""Works-council mode: what is not shown, how two people open it, and what is left of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import product
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import audit, council, roles, rules
from accounts.council import BreakGlass
from accounts.exceptions import AlreadyGranted, GrantRefused
from accounts.models import AuditEvent, HouseRules, LegalHold, Membership, Notification, Team, User
from accounts.roles import May, Role
from gateway import pseudonyms, reports
from gateway.callers import Caller
from gateway.energy import reports as energy
from gateway.models import ApiKey, Call, Deployment, Quota, Upstream, Usage, UsageTotal
from gateway.tasks import keep_ledger
from tests.conftest import client_of
from tests.gateway.booking import done, reserve, settle

pytestmark = pytest.mark.django_db
USAGE = reverse("admin:gateway_usage_changelist")
EXPORT = reverse("admin:gateway_usage_export")
ASKED = {"what": "usage", "reason": "Key leaked", "hours": 2}


def in_office(name: str, role: Role = Role.ADMIN) -> User:
    user = User.objects.create_user(f"{name.lower()}@example.org", name=name)
    user.role = role
    user.save()
    return user


@pytest.fixture
def ada(db: None) -> User:
    return in_office("Ada")


@pytest.fixture
def ben(db: None) -> User:
    return in_office("Ben")


@pytest.fixture
def council_is_on(db: None) -> None:
    HouseRules(works_council=True).save()


@pytest.fixture
def used(alice: User, bob: User) -> Usage:
    upstream = Upstream.objects.create(name="aviary", base_url="http://gpu:8000/v1")
    Deployment.objects.create(upstream=upstream, name="wren", model="wren")
    for user in (alice, bob):
        settle(reserve(Caller(user, ApiKey.create(user, "script")[0])), done(100, 7))
    return Usage.objects.get(user=alice)


def asked_for(asker: User, person: User | None, **fields: object) -> BreakGlass:
    wanted = {"what": "usage" if person else "switch-off", "reason": "Key leaked", "hours": 2, **fields}
    request = BreakGlass(person=person, **wanted)
    request.ask(asker)
    return request


def test_by_itself_it_is_off_and_the_admin_sees_who_called(ada: User, used: Usage) -> None:
    assert roles.may(ada, May.SEE_USAGE) and "Alice" in client_of(ada).get(USAGE).text


@pytest.mark.usefixtures("council_is_on")
def test_nobody_sees_usage_by_person(ada: User, used: Usage, alice: User) -> None:
    client = client_of(ada)
    shown = client.get(USAGE)
    assert "works-council mode" in shown.text and "Alice" not in shown.text and not roles.may(ada, May.SEE_USAGE)
    assert client.get(USAGE, {"user__id__exact": alice.pk}).text.count("wren") == 0
    assert client.get(EXPORT).status_code == 403
    assert client.get(reverse("admin:gateway_usage_change", args=[used.pk])).status_code == 302
    refused = AuditEvent.objects.filter(kind="glass-looked", outcome="refused", actor=ada)
    assert refused.count() == 4


@pytest.mark.usefixtures("council_is_on")
def test_neither_do_quotas_keys_and_people_tell(ada: User, used: Usage, alice: User) -> None:
    Quota.objects.create(user=alice, limit=10_000, used=8_700)
    Quota.objects.create(limit=1000, used=410)
    User.objects.filter(pk=alice.pk).update(last_login=timezone.now())
    ApiKey.objects.update(last_used_at=timezone.now())
    client = client_of(ada)
    quotas = client.get(reverse("admin:gateway_quota_changelist")).text
    assert "87 %" not in quotas and "41 %" in quotas
    one = client.get(reverse("admin:gateway_quota_change", args=[Quota.objects.get(user=alice).pk])).text
    assert "8,700" not in one and "works-council mode" in one
    rows = {"accounts_user": alice.pk, "gateway_apikey": ApiKey.objects.get(user=alice).pk}
    for viewer, page in product((client, client_of(in_office("Rita", Role.AUDITOR))), rows):
        for address, of in ((f"{page}_changelist", []), (f"{page}_change", [rows[page]])):
            text = viewer.get(reverse(f"admin:{address}", args=of)).text.lower()
            assert "last login" not in text and "last used" not in text, address


@pytest.mark.usefixtures("council_is_on")
@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR])
def test_neither_does_the_api_tell(used: Usage, alice: User, role: Role) -> None:
    for fields in ({"user": alice}, {"api_key": ApiKey.objects.get(user=alice)}, {"deployment": used.deployment}):
        Quota.objects.create(limit=10_000, period="total", used=8_700, **fields)
    User.objects.filter(pk=alice.pk).update(last_login=timezone.now())
    ApiKey.objects.update(last_used_at=timezone.now())
    client = client_of(in_office("Rita", role))
    quotas, keys, users = (client.get(f"/api/v1/admin/{path}").json()["items"] for path in ("quotas", "keys", "users"))
    assert [quota["used"] for quota in quotas] == [None, None, "8700"]
    assert {key["last_used_at"] for key in keys} == {user["last_login"] for user in users} == {None}
    assert client.get("/api/v1/admin/usage?group=team").status_code == 403
    assert client_of(alice).get("/api/v1/keys").json()["items"][0]["last_used_at"]


@pytest.mark.usefixtures("council_is_on")
def test_no_etag_tells_either(ada: User, used: Usage, alice: User) -> None:
    quota, client = Quota.objects.create(limit=10_000, period="total", user=alice), client_of(ada)
    paths = [f"/api/v1/admin/quotas/{quota.pk}", f"/api/v1/admin/users/{alice.pk}"]
    before = [client.get(path)["ETag"] for path in paths]
    Quota.objects.update(used=8_700)
    User.objects.filter(pk=alice.pk).update(last_login=timezone.now())
    assert [client.get(path)["ETag"] for path in paths] == before


@pytest.mark.usefixtures("council_is_on")
def test_a_quota_of_a_small_team_is_as_one_of_a_person(ada: User, alice: User) -> None:
    small, large = Team.objects.create(name="Kasse"), Team.objects.create(name="Chor")
    people(5, "alone")
    for team, members in ((small, [alice]), (large, people(5, "choir")), (large, people(5, "board"))):
        for user in members:
            Membership.objects.create(user=user, team=team)
    for team, used in ((small, 87), (large, 41)):
        Quota.objects.create(limit=100, period="total", used=used, team=team)
    client = client_of(ada)
    shown = client.get(reverse("admin:gateway_quota_changelist")).text
    assert "87 %" not in shown and "41 %" in shown
    assert [quota["used"] for quota in client.get("/api/v1/admin/quotas").json()["items"]] == [None, "41"]


@pytest.mark.usefixtures("council_is_on")
def test_more_quotas_are_sealed_by_no_more_queries(ada: User) -> None:
    client = client_of(ada)

    def queries() -> int:
        Quota.objects.create(team=Team.objects.create(name=uuid4().hex), limit=10)
        with CaptureQueriesContext(connection) as counted:
            client.get("/api/v1/admin/quotas"), client.get(reverse("admin:gateway_quota_changelist"))
        return len(counted)

    queries()
    assert queries() == queries()


def test_figures_name_no_person(used: Usage, alice: User, client: Client) -> None:
    text = client.get("/metrics", REMOTE_ADDR="127.0.0.1", headers={"host": "localhost"}).text
    assert "voliere" in text and str(alice.pk) not in text and "alice" not in text.lower()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("council_is_on")
def test_two_open_it_for_one_person_and_a_while(ada: User, ben: User, used: Usage, alice: User) -> None:
    request = asked_for(ada, alice)
    assert council.opened(ada) == []
    request.grant(ben)
    assert council.opened(ada) == [alice.pk] and council.opened(ben) == []
    shown = client_of(ada).get(USAGE).text
    assert "Alice" in shown and "Bob" not in shown
    export = client_of(ada).get(EXPORT)
    assert b"alice@example.org" in b"".join(export) and export.status_code == 200  # type: ignore[arg-type]
    looks = AuditEvent.objects.filter(kind="glass-looked", actor=ada, outcome="done")
    assert looks.count() == 2 and all(str(alice.pk) in look.detail for look in looks)
    assert "Alice" not in client_of(ben).get(USAGE).text
    BreakGlass.objects.update(until=timezone.now())
    assert council.opened(ada) == [] and "Alice" not in client_of(ada).get(USAGE).text


@pytest.mark.usefixtures("council_is_on")
def test_the_person_is_told_at_once(ada: User, ben: User, alice: User, alices_client: Client) -> None:
    asked_for(ada, alice, reason="<b>Leck</b>").grant(ben)
    text = alices_client.get("/").text
    assert all(word in text for word in ("Ada", "Ben", "2 h", "&lt;b&gt;Leck&lt;/b&gt;"))
    assert Notification.objects.count() == 1


@pytest.mark.usefixtures("council_is_on")
def test_an_auditor_may_grant_and_reads_of_it(ada: User, alice: User) -> None:
    auditor = in_office("Rita", Role.AUDITOR)
    request = asked_for(ada, alice)
    client = client_of(auditor)
    page = reverse("admin:accounts_breakglass_grant", args=[request.pk])
    assert "Key leaked" in client.get(page).text and council.opened(ada) == []  # to look grants nothing
    client.post(page)
    assert council.opened(ada) == [alice.pk]
    assert "granted to break the glass" in client.get(reverse("admin:accounts_auditevent_changelist")).text
    assert "works-council mode" in HouseRules._meta.get_field("works_council").verbose_name
    assert client.post(reverse("admin:accounts_breakglass_add"), ASKED | {"person": alice.pk}).status_code == 403


@pytest.mark.usefixtures("council_is_on")
def test_nobody_grants_what_they_asked_for(ada: User, alice: User) -> None:
    request = asked_for(ada, alice)
    with pytest.raises(GrantRefused):
        request.grant(ada)
    assert client_of(ada).post(reverse("admin:accounts_breakglass_grant", args=[request.pk])).status_code == 403
    with pytest.raises(IntegrityError):
        BreakGlass.objects.filter(pk=request.pk).update(granted_by=ada)


@pytest.mark.usefixtures("council_is_on")
def test_no_member_grants(ada: User, alice: User, bob: User) -> None:
    request = asked_for(ada, alice)
    for nobody in (alice, bob):
        with pytest.raises(GrantRefused):
            request.grant(nobody)
    assert client_of(bob).post(reverse("admin:accounts_breakglass_grant", args=[request.pk])).status_code == 302
    assert council.opened(ada) == [] and not BreakGlass.objects.exclude(granted_at=None).exists()


@pytest.mark.usefixtures("council_is_on")
def test_what_nobody_answered_in_time_is_over(ada: User, ben: User, alice: User) -> None:
    request = asked_for(ada, alice)
    BreakGlass.objects.update(asked_at=timezone.now() - council.ANSWERED_WITHIN)
    with pytest.raises(GrantRefused):
        request.grant(ben)


@pytest.mark.usefixtures("council_is_on")
def test_who_is_out_of_office_asks_and_sees_nothing(ada: User, ben: User, alice: User, bob: User) -> None:
    first, second = asked_for(ada, alice), asked_for(ada, bob)
    first.grant(ben)
    ada.role = Role.MEMBER
    ada.save()
    assert council.opened(ada) == []
    with pytest.raises(GrantRefused):
        second.grant(ben)
    User.objects.filter(pk=ben.pk).update(is_active=False)
    ben.refresh_from_db()
    with pytest.raises(GrantRefused):
        asked_for(in_office("Eva"), alice).grant(ben)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("council_is_on")
def test_of_two_who_grant_at_once_one_does(ada: User, alice: User) -> None:
    request = asked_for(ada, alice)
    others = [in_office("Ben"), in_office("Eva")]

    def grant(user: User) -> str:
        try:
            BreakGlass.objects.get(pk=request.pk).grant(user)
            return "granted"
        except AlreadyGranted:
            return "late"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(grant, others)) == ["granted", "late"]
    assert Notification.objects.count() == 1 and AuditEvent.objects.filter(kind="glass-granted").count() == 1


@pytest.mark.usefixtures("council_is_on")
@pytest.mark.parametrize(
    "fields",
    [{"hours": 0}, {"hours": 25}, {"hours": -1}, {"hours": "x"}, {"reason": ""}, {"person": ""}, {"person": "x"},
     {"what": "switch-off"}, {"what": "x"}, {"reason": "x" * 501}],
)  # fmt: skip
def test_a_request_that_is_wrong_is_none(ada: User, alice: User, fields: dict[str, object]) -> None:
    response = client_of(ada).post(reverse("admin:accounts_breakglass_add"), ASKED | {"person": alice.pk} | fields)
    assert response.status_code == 200 and not BreakGlass.objects.exists()


@pytest.mark.usefixtures("council_is_on")
def test_an_admin_asks_in_the_panel(ada: User, ben: User, alice: User) -> None:
    client_of(ada).post(reverse("admin:accounts_breakglass_add"), ASKED | {"person": alice.pk})
    request = BreakGlass.objects.get()
    assert (request.asked_by, request.person, request.granted_at) == (ada, alice, None)
    client_of(ben).post(reverse("admin:accounts_breakglass_grant", args=[request.pk]))
    assert council.opened(ada) == [alice.pk]


def test_one_switches_it_on_and_two_switch_it_off(ada: User, ben: User) -> None:
    page = reverse("admin:accounts_houserules_change", args=[1])
    client = client_of(ada)
    client.get(reverse("admin:accounts_houserules_changelist"))
    client.post(page, {"invitation_days": 7, "works_council": "on", "pseudonymous_after": 14})
    assert council.is_on() and rules.current().pseudonymous_after == 14
    client.post(page, {"invitation_days": 9, "pseudonymous_after": 700})
    assert council.is_on() and (rules.current().invitation_days, rules.current().pseudonymous_after) == (9, 14)
    asked_for(ada, None).grant(ben)
    assert not council.is_on() and roles.may(ada, May.SEE_USAGE)


def test_teams_are_folded_by_their_size() -> None:
    def team(*people: int) -> set[int]:
        return set(people)

    assert council.folded({}) == set()
    assert council.folded({1: team(*range(5)), 2: team(*range(5, 20))}) == set()
    assert council.folded({1: team(1, 2), 2: team(3, 4, 5), 3: team(*range(10, 20))}) == {1, 2}
    # a single small one among "others" would be told by subtracting: the next larger goes with it
    assert council.folded({1: team(1), 2: team(*range(10, 15)), 3: team(*range(20, 40))}) == {1, 2}
    # two teams of the same people are no larger group
    assert council.folded({1: team(1, 2, 3), 2: team(1, 2, 3), 3: team(*range(10, 16))}) == {1, 2, 3}
    assert council.folded({1: team(1)}) == {1}


def people(count: int, name: str) -> list[User]:
    return [User.objects.create_user(f"{name}{number}@example.org") for number in range(count)]


def test_small_teams_are_others_while_it_is_on(db: None, alice: User, bob: User) -> None:
    choir, board = Team.objects.create(name="Chor"), Team.objects.create(name="Vorstand")
    for user in [alice, bob, *people(5, "board")]:
        Membership.objects.create(user=user, team=board)
    Membership.objects.create(user=alice, team=choir)
    assert council.shown_as_others() == set()
    HouseRules(works_council=True).save()
    assert council.shown_as_others() == {council.NO_TEAM, choir.pk, board.pk}
    for user in User.objects.exclude(pk=alice.pk):
        Membership.objects.create(user=user, team=choir)
    assert council.shown_as_others() == {council.NO_TEAM, choir.pk}  # nobody is in none, but somebody may have been
    people(5, "alone")
    assert council.shown_as_others() == set()


@pytest.mark.usefixtures("council_is_on")
@pytest.mark.parametrize("is_deleted", [True, False])
def test_who_left_is_shown_among_others(used: Usage, alice: User, bob: User, is_deleted: bool) -> None:
    for name, members in (("Vorstand", [bob, *people(5, "board")]), ("Kasse", [] if is_deleted else [alice])):
        team = Team.objects.create(name=name)
        for user in members:
            Membership.objects.create(user=user, team=team)
    alice.delete() if is_deleted else User.objects.filter(pk=alice.pk).update(is_active=False)
    now = timezone.now()
    found = energy.month(now - timedelta(days=1), now + timedelta(days=1)).teams
    assert [(team.name, team.calls) for team in found] == [("others", 2)]


@pytest.mark.usefixtures("council_is_on")
def test_the_ledger_forgets_who_called(used: Usage, alice: User, bob: User) -> None:
    settle(reserve(Caller(alice)), done(1, 1))
    long_ago = timezone.now() - timedelta(days=40)
    Usage.objects.update(started_at=long_ago)
    UsageTotal.objects.update(start=long_ago.replace(hour=3, minute=0, second=0, microsecond=0))
    settle(reserve(Caller(alice)), done(2, 2))
    before = reports.sums(Usage.objects.all())
    assert pseudonyms.apply() > 0 and pseudonyms.apply() == 0
    old = list(Usage.objects.filter(started_at__lt=timezone.now() - timedelta(days=39)))
    assert len(old) == 3 and len({usage.user_id for usage in old}) == 2  # whose belong together
    assert not {usage.user_id for usage in old} & {alice.pk, bob.pk} and {usage.api_key_id for usage in old} == {None}
    assert Usage.objects.filter(user=alice).count() == 1 and reports.sums(Usage.objects.all()) == before
    assert not UsageTotal.objects.filter(start__lt=timezone.now() - timedelta(days=39)).exclude(user=None).exists()
    assert reports.disagreements(long_ago) == []


def began_days_ago(days: int) -> None:
    """The call that is under way."""
    Call.objects.update(started_at=timezone.now() - timedelta(days=days))


@pytest.mark.usefixtures("council_is_on")
def test_it_forgets_nobody_while_a_legal_hold_is_on_somebody(used: Usage, alice: User) -> None:
    call = reserve(Caller(alice))
    began_days_ago(40)
    settle(call, done(1, 1))
    hold = LegalHold.objects.create(user=alice, reason="AZ 7")
    keep_ledger()
    assert (Usage.objects.filter(user=alice).count(), UsageTotal.objects.filter(user=alice).count()) == (2, 4)
    hold.delete()
    keep_ledger()
    assert (Usage.objects.filter(user=alice).count(), UsageTotal.objects.filter(user=alice).count()) == (1, 2)


@pytest.mark.parametrize("is_lost", [True, False])
def test_a_call_that_ends_after_its_day_was_forgotten_is_forgotten_too(used: Usage, alice: User, is_lost: bool) -> None:
    done_until = timezone.now() - timedelta(days=1)
    HouseRules(works_council=True, pseudonymous_after=1, pseudonymous_until=done_until).save()
    call = reserve(Caller(alice))
    began_days_ago(3)
    if is_lost:
        Call.objects.update(lease_until=timezone.now() - timedelta(minutes=1))
    else:
        settle(call, done(5, 5))
    keep_ledger()
    assert list(Usage.objects.filter(user=alice)) == [used] and not Call.objects.exists()
    assert not UsageTotal.objects.filter(start__lt=timezone.now() - timedelta(days=2)).exclude(user=None).exists()
    assert pseudonyms.named_since() == done_until


def test_without_the_mode_the_ledger_keeps_names(used: Usage, alice: User) -> None:
    Usage.objects.update(started_at=timezone.now() - timedelta(days=40))
    assert pseudonyms.apply() == 0 and Usage.objects.filter(user=alice).exists()


@pytest.mark.usefixtures("council_is_on")
def test_no_two_days_can_be_joined(used: Usage, alice: User) -> None:
    settle(reserve(Caller(alice)), done(1, 1))
    for days, usage in zip((40, 41), Usage.objects.filter(user=alice), strict=True):
        Usage.objects.filter(pk=usage.pk).update(started_at=timezone.now() - timedelta(days=days))
    Usage.objects.exclude(user=alice).update(started_at=timezone.now() - timedelta(days=42))
    pseudonyms.apply()
    assert len(set(Usage.objects.values_list("user_id", flat=True))) == 3


def test_a_request_about_nobody_names_none_in_the_log(ada: User) -> None:
    asked_for(ada, None)
    assert AuditEvent.objects.filter(kind=audit.Kind.GLASS_ASKED).latest("id").detail == "switch-off"
