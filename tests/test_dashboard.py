"""The panel's first page: figures for those who may see them, at a cost that does not grow; and the first steps."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from pytest_django import Settings

from accounts.charts import Columns
from accounts.models import Invitation, Membership, Team, User
from accounts.roles import Role
from gateway.dashboard import parts
from gateway.models import Deployment, Quota, Upstream, UsageTotal
from rag.models import Collection, Document
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
PANEL = "/admin/"


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root@example.org")


@pytest.fixture
def panel(root: User) -> Client:
    return client_of(root)


@pytest.fixture
def auditor(db: None) -> Client:
    user = User.objects.create_user("audit@example.org")
    user.role = Role.AUDITOR
    user.save()
    return client_of(user)


def used(user: User | None, model: str = "wren", days_ago: int = 0, **values: int) -> None:
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    start = timezone.make_aware(today - timedelta(days=days_ago))
    fixed = {"calls": 2, "input_tokens": 1000, "output_tokens": 234, "cost": 20_000, "energy": 2_500}
    UsageTotal.objects.create(span="day", start=start, user=user, model=model, purpose="chat", **fixed | values)


def failed(collection: Collection, name: str = "Satzung.pdf") -> Document:
    return Document.objects.create(
        collection=collection, name=name, size=1, sha256=uuid4().hex, status=Document.Status.FAILED, error="damaged"
    )


def test_an_admin_sees_use_money_energy_and_what_failed(panel: Client, alice: User) -> None:
    Membership.objects.create(user=alice, team=Team.objects.create(name="Fundraising"))
    used(alice), used(None, model="finch", days_ago=3)
    failed(Collection.objects.create(owner=alice, name="Regeln"))
    page = panel.get(PANEL).text
    for said in ("1,234 tokens", "0.04 EUR", "5 Wh", "Fundraising", "in no team", "finch", "Satzung.pdf", "GiB"):
        assert said in page, said


def test_every_picture_has_its_figures_as_text(panel: Client, alice: User) -> None:
    used(alice, days_ago=1, input_tokens=7000)
    page = panel.get(PANEL).text
    day = timezone.localtime() - timedelta(days=1)
    assert page.count("<rect") >= 2 and "7,234 tokens" in page
    assert f'<th scope="row">{date_format(day, "SHORT_DATE_FORMAT")}</th><td>7,234 tokens</td>' in page


def test_an_auditor_sees_neither_who_used_how_much_nor_which_documents_there_are(auditor: Client, alice: User) -> None:
    Membership.objects.create(user=alice, team=Team.objects.create(name="Fundraising"))
    used(alice)
    failed(Collection.objects.create(owner=alice, name="Regeln"))
    page = auditor.get(PANEL).text
    assert "Use by model" in page and "wren" in page
    for hidden in ("Fundraising", "Use by team", "Satzung.pdf", "Alice", "First steps"):
        assert hidden not in page, hidden


def test_a_member_does_not_get_there(alices_client: Client) -> None:
    assert alices_client.get(PANEL).status_code in (302, 403)


def queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get(PANEL)
    assert not any('FROM "gateway_usage"' in query["sql"] for query in captured)
    return len(captured)


def test_more_of_everything_costs_no_more_queries(panel: Client, alice: User, bob: User) -> None:
    used(alice)
    Upstream.objects.create(name="nest", base_url="http://127.0.0.1:9/v1")
    shelf = Collection.objects.create(owner=alice, name="Regeln")
    failed(shelf)
    panel.get(PANEL)
    before = queries(panel)
    for number in range(12):
        team = Team.objects.create(name=f"Team {number}")
        Membership.objects.create(user=bob, team=team)
        used(bob, model=f"model {number}", days_ago=number)
        Upstream.objects.create(name=f"nest {number}", base_url="http://127.0.0.1:9/v1")
        failed(shelf, f"{number}.pdf")
    assert queries(panel) <= before


def test_an_empty_house_says_so(panel: Client) -> None:
    page = panel.get(PANEL).text
    assert "No calls in the last 30 days." in page and "Nobody waited" in page and "Everything could be read." in page


def test_waiting_is_told_by_hour(panel: Client) -> None:
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    UsageTotal.objects.create(span="hour", start=hour, model="wren", purpose="chat", calls=4, queued_ms=10_000)
    assert "2.5 s on average" in panel.get(PANEL).text


def test_waiting_is_told_where_the_clock_is_half_an_hour_off(settings: Settings, root: User) -> None:
    settings.TIME_ZONE = "Asia/Kolkata"
    with timezone.override(settings.TIME_ZONE):
        hour = timezone.localtime().replace(minute=0, second=0, microsecond=0)
        UsageTotal.objects.create(span="hour", start=hour, model="wren", purpose="chat", calls=4, queued_ms=10_000)
        [waiting] = [part for part in parts(root) if part.title == "Waiting in line, by hour"]
    assert isinstance(waiting, Columns) and waiting.figures[-1].value == 2_500


def test_a_server_that_fails_stands_out(panel: Client) -> None:
    Upstream.objects.create(
        name="nest", base_url="http://127.0.0.1:9/v1", failures=3, failing_since=timezone.now(),
        failure="upstream_unreachable",
    )  # fmt: skip
    page = panel.get(PANEL).text
    assert '<li class="ill">' in page and "cannot be reached, since" in page


def test_what_people_named_hostilely_is_text(panel: Client, alice: User) -> None:
    used(alice, model="<script>alert(1)</script>")
    assert "<script>alert(1)" not in panel.get(PANEL).text


def test_sums_of_any_size_are_drawn(root: User) -> None:
    used(None, input_tokens=2**62, cost=2**62)
    assert {part.title for part in parts(root)} >= {"At this moment", "Use by team"}


# --- first steps


def done(client: Client) -> list[bool]:
    guide = client.get(PANEL).context["guide"]
    return [step.is_done for step in guide.steps] if guide else [True] * 6


def test_each_step_is_done_when_what_it_leads_to_is_there(panel: Client, root: User) -> None:
    assert done(panel) == [False] * 6
    nest = Upstream.objects.create(name="nest", base_url="http://127.0.0.1:9/v1")
    wren = Deployment.objects.create(upstream=nest, name="wren", model="wren", input_price=Decimal(0))
    assert done(panel) == [True, False, False, False, False, False]
    used(root, model="wren", deployment_id=wren.pk)
    assert done(panel)[1]
    Team.objects.create(name="Vorstand")
    Quota.objects.create(limit=5)
    assert done(panel) == [True, True, True, True, False, False]
    failed(Collection.objects.create(owner=root, name="Regeln"))
    Invitation.objects.create(made_by=root, digest="x", expires_at=timezone.now())
    assert panel.get(PANEL).context["guide"] is None
    nest.delete()
    assert panel.get(PANEL).context["guide"].next.title == "Connect a model server"


def test_what_comes_along_is_no_step(panel: Client) -> None:
    Upstream.objects.create(name="Embedded", base_url="http://127.0.0.1:9/v1", is_embedded=True)
    assert done(panel)[0] is False


def test_a_form_leads_back_to_the_first_steps(panel: Client) -> None:
    members = {"membership_set-TOTAL_FORMS": "0", "membership_set-INITIAL_FORMS": "0"}
    form = {"name": "Vorstand", "weight": "1", **members}
    assert panel.post(reverse("admin:accounts_team_add") + "?first-steps", form)["Location"] == PANEL
    assert "team" in panel.post(reverse("admin:accounts_team_add"), {**form, "name": "Kasse"})["Location"]


def test_the_guide_is_put_away_and_brought_back(panel: Client, root: User) -> None:
    address = reverse("first-steps")
    assert "Put away" in panel.get(PANEL).text
    assert panel.get(address).status_code == 405
    page = panel.post(address, follow=True).text
    assert "Put away" not in page and "Show the first steps" in page
    assert "Put away" not in client_of(root).get(PANEL).text  # on another device
    assert "Put away" in client_of(User.objects.create_superuser("ada@example.org")).get(PANEL).text
    assert "Put away" in panel.post(address, {"show": "yes"}, follow=True).text


def test_nobody_else_touches_the_guide(alices_client: Client) -> None:
    assert alices_client.post(reverse("first-steps")).status_code == 302
    assert not User.objects.filter(steps_put_away=True).exists()
