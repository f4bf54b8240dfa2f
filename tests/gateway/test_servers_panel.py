"""The panel's pages of upstreams, deployments and aliases."""

from collections.abc import Iterator

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from gateway import health, neighbours, rounds, states, upstreams
from gateway.exceptions import UpstreamError
from gateway.models import Alias, Deployment, ServerHours, Upstream
from tests.conftest import client_of
from tests.fake_upstream import FakeUpstream
from tests.gateway import dialects
from tests.gateway.dialects import Server
from tests.gateway.test_energy_report import form_of

pytestmark = pytest.mark.django_db
LIST = "admin:gateway_upstream_changelist"


@pytest.fixture
def panel(db: None) -> Client:
    return client_of(User.objects.create_superuser("root@example.org"))


@pytest.fixture
def nest(fake_upstream: FakeUpstream) -> Upstream:
    return Upstream.objects.create(name="nest", base_url=fake_upstream.url)


@pytest.fixture
def parrot(nest: Upstream) -> Deployment:
    return Deployment.objects.create(upstream=nest, name="parrot", model="parrot", context_length=4096)


@pytest.fixture
def other(nest: Upstream) -> Deployment:
    owlery = Upstream.objects.create(name="owlery", base_url=nest.base_url)
    return Deployment.objects.create(upstream=owlery, name="owlery/parrot", model="parrot", context_length=8192)


def text_of(client: Client, url: str, data: dict[str, str] | None = None) -> str:
    response = client.get(url) if data is None else client.post(url, data, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def change(panel: Client, deployment: Deployment, **values: str) -> str:
    data = {
        "name": deployment.name,
        "upstream": str(deployment.upstream_id),
        "model": deployment.model,
        "kind": deployment.kind,
        "is_active": "on",
        "context_length": str(deployment.context_length or ""),
        "defaults": "{}",
        "slots": "4",
        "queue_limit": "10",
        "priority": "0",
        "weight": "1",
        "input_price": "0",
        "output_price": "0",
    }
    return text_of(panel, reverse("admin:gateway_deployment_change", args=[deployment.pk]), data | values)


@pytest.mark.parametrize("emptied", ["", "null"])
def test_defaults_can_be_taken_away(panel: Client, parrot: Deployment, emptied: str) -> None:
    Deployment.objects.update(defaults={"temperature": 0.3})
    change(panel, parrot, defaults=emptied)
    parrot.refresh_from_db()
    assert parrot.defaults == {}


@pytest.mark.parametrize("name", ["slots", "context_length", "max_output_tokens"])
def test_none_at_all_is_no_figure_that_a_model_could_work_with(panel: Client, parrot: Deployment, name: str) -> None:
    assert "greater than or equal to 1" in change(panel, parrot, **{name: "0"})


def test_a_server_with_many_models_can_be_changed(panel: Client, nest: Upstream) -> None:
    rows = [Deployment(upstream=nest, name=f"wren-{number}", model=f"wren-{number}") for number in range(150)]
    Deployment.objects.bulk_create(rows)
    data = form_of(panel, nest) | {"place": "in the attic"}
    assert len(data) > 1000
    panel.post(reverse("admin:gateway_upstream_change", args=[nest.pk]), data)
    nest.refresh_from_db()
    assert nest.place == "in the attic"


def entered_hours(**fields: str) -> dict[str, str]:
    fields = {"zone": "Europe/Berlin", "hook": "command", "monday": "08:00-18:00"} | fields
    return {"hours-TOTAL_FORMS": "1"} | {f"hours-0-{name}": value for name, value in fields.items()}


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"monday": "22:00-06:00"}, "end before they begin"),
        ({"monday": "8-18"}, "are no hours like"),
        ({"hook": "http"}, "Which addresses start and stop the server?"),
    ],
)
def test_what_is_wrong_with_hours_is_said(panel: Client, nest: Upstream, fields: dict[str, str], why: str) -> None:
    data = form_of(panel, nest) | entered_hours(**fields)
    assert why in text_of(panel, reverse("admin:gateway_upstream_change", args=[nest.pk]), data)
    assert not ServerHours.objects.exists()


def test_hours_are_not_overwritten_by_who_had_the_page_open(panel: Client, nest: Upstream) -> None:
    ServerHours.objects.create(upstream=nest, week=[""] * 7, hook="http", start_url="http://a", stop_url="http://b")
    page, first = reverse("admin:gateway_upstream_change", args=[nest.pk]), form_of(panel, nest)
    panel.post(page, first | {"hours-0-tuesday": "08:00-12:00"})
    assert "Somebody else changed this" in text_of(panel, page, first | {"hours-0-wednesday": "08:00-12:00"})
    assert ServerHours.objects.get().week == ["", "08:00-12:00", "", "", "", "", ""]


@pytest.mark.parametrize(
    ("status", "why"), [(404, "Does it end in /v1?"), (405, "Does it end in /v1?"), (401, "Is the API key right?")]
)
def test_the_likeliest_mistakes_have_names(
    panel: Client, nest: Upstream, fake_upstream: FakeUpstream, status: int, why: str
) -> None:
    fake_upstream.models_status = status
    with pytest.raises(UpstreamError) as error:
        upstreams.discover(nest)
    assert why in str(error.value)
    rounds.probe_all()
    nest.refresh_from_db()
    assert states.told(nest) != "answers"


# --- deployments and aliases -------------------------------------------------------------------------------------


def test_sharing_a_name_is_one_field_and_differences_are_told(
    panel: Client, parrot: Deployment, other: Deployment
) -> None:
    page = change(panel, other, name="parrot")
    assert "differ in context length" in page
    assert Deployment.objects.filter(name="parrot").count() == 2


def test_equal_deployments_share_a_name_without_a_word(panel: Client, parrot: Deployment, other: Deployment) -> None:
    assert "differ" not in change(panel, other, name="parrot", context_length="4096")
    assert Deployment.objects.filter(name="parrot").count() == 2


def test_a_name_is_not_shared_between_kinds(panel: Client, parrot: Deployment, other: Deployment) -> None:
    assert "another kind" in change(panel, other, name="parrot", kind="embedding")
    assert Deployment.objects.filter(name="parrot").count() == 1


@pytest.mark.parametrize(
    ("kind", "defaults", "said"),
    [
        ("chat", '{"temperature": 0.3, "max_tokens": 500}', ""),
        ("chat", '{"temperature": 9}', "a number from 0 to 2"),
        ("chat", '{"model": "x"}', "cannot have a default"),
        ("chat", '{"messages": []}', "cannot have a default"),
        ("chat", '{"stream": true}', "cannot have a default"),
        ("chat", '{"api_base": "http://x"}', "cannot have a default"),
        ("chat", "[1]", "JSON object"),
        ("chat", "{", "valid JSON"),
        ("embedding", '{"dimensions": 64}', ""),
        ("embedding", '{"temperature": 1}', "cannot have a default"),
    ],
)
def test_defaults_are_fields_that_a_caller_could_send(
    panel: Client, parrot: Deployment, kind: str, defaults: str, said: str
) -> None:
    page = change(panel, parrot, kind=kind, defaults=defaults)
    parrot.refresh_from_db()
    assert said in page and bool(parrot.defaults) == (said == "")


def test_a_fallback_leads_elsewhere(panel: Client, parrot: Deployment, other: Deployment) -> None:
    change(panel, parrot, fallback=str(other.pk))
    for one, its_fallback in [(other, parrot), (other, other)]:
        assert "leads back" in change(panel, one, fallback=str(its_fallback.pk))
    assert [Deployment.objects.get(pk=each.pk).fallback_id for each in (parrot, other)] == [other.pk, None]


def test_a_fallback_is_of_the_same_kind(panel: Client, parrot: Deployment, other: Deployment) -> None:
    Deployment.objects.filter(pk=other.pk).update(kind="embedding")
    assert "same kind" in change(panel, parrot, fallback=str(other.pk))


def test_a_ring_that_was_there_before_does_not_hang_the_panel(parrot: Deployment, other: Deployment) -> None:
    third = Deployment.objects.create(upstream=parrot.upstream, name="finch", model="finch", fallback=parrot)
    Deployment.objects.filter(pk=parrot.pk).update(fallback=other)
    Deployment.objects.filter(pk=other.pk).update(fallback=parrot)
    with pytest.raises(ValidationError):
        Deployment.objects.get(pk=third.pk).clean()


def test_an_alias_points_to_a_deployment(panel: Client, parrot: Deployment) -> None:
    url = reverse("admin:gateway_alias_add")
    assert "No deployment has this name" in text_of(panel, url, {"name": "gpt-4o", "target": "nobody"})
    assert "already" in text_of(panel, url, {"name": "parrot", "target": "parrot"})
    text_of(panel, url, {"name": "gpt-4o", "target": "parrot"})
    assert Alias.objects.get().target == "parrot"


def test_nobody_takes_the_name_of_an_alias(panel: Client, parrot: Deployment, fake_upstream: FakeUpstream) -> None:
    Alias.objects.create(name="bge-finch", target="parrot")
    assert "An alias has this name" in change(panel, parrot, name="bge-finch")
    [added] = upstreams.discover(parrot.upstream)
    assert (added.model, added.name) == ("bge-finch", "nest/bge-finch")


def test_what_its_server_no_longer_lists_is_told(panel: Client, parrot: Deployment) -> None:
    Deployment.objects.update(missing_since=timezone.now())
    assert "no longer listed since" in text_of(panel, reverse("admin:gateway_deployment_changelist"))


# --- upstreams ---------------------------------------------------------------------------------------------------


def test_the_list_tells_how_each_one_is(panel: Client, nest: Upstream) -> None:
    assert "never asked yet" in text_of(panel, reverse(LIST))
    health.fail(nest.pk, "upstream_unreachable")
    assert "cannot be reached, since" in text_of(panel, reverse(LIST))


def test_an_open_form_does_not_undo_what_the_rounds_found(nest: Upstream) -> None:
    health.fail(nest.pk, "upstream_unreachable")
    nest.place = "Keller"
    nest.save()
    again = Upstream.objects.get()
    assert (again.failures, again.place) == (1, "Keller")


def test_a_model_that_another_upstream_has_too_is_told(panel: Client, parrot: Deployment) -> None:
    with dialects.vllm() as server:
        server.models = [{"id": "parrot", "owned_by": "vllm"}]
        owlery = Upstream.objects.create(name="owlery", base_url=server.url)
        added = upstreams.discover(owlery)
    assert [each.name for each in upstreams.elsewhere_too(added)] == ["owlery/parrot"]


# --- servers found on this machine -------------------------------------------------------------------------------


@pytest.fixture
def next_door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with dialects.ollama() as server:
        port = int(server.url.split(":")[2].removesuffix("/v1"))
        monkeypatch.setattr(neighbours, "PORTS", {port: "Ollama"})
        yield server


def test_nobody_is_asked_before_the_admin_wants_it(panel: Client, next_door: Server) -> None:
    assert "Look for model servers" in text_of(panel, reverse(LIST))
    assert next_door.requests == []


def test_what_is_found_is_added_with_one_click(panel: Client, next_door: Server) -> None:
    page = panel.get(reverse(LIST) + "?find=1", follow=True).content.decode()
    assert f"Ollama 0.13.5 at {next_door.url}" in page and not Upstream.objects.exists()
    text_of(panel, reverse("admin:gateway_upstream_add_found"), {"base_url": next_door.url})
    assert (Upstream.objects.get().name, Deployment.objects.count()) == ("Ollama", 3)


def test_a_test_tells_what_kind_of_server_answered_and_which_models_leave_the_house(
    panel: Client, next_door: Server
) -> None:
    page = text_of(panel, reverse("admin:gateway_upstream_add_found"), {"base_url": next_door.url})
    assert "elsewhere: swift:cloud." in page
    trial = upstreams.test(Upstream.objects.get())
    assert (trial.software, trial.models[0]) == ("Ollama 0.13.5", "parrot:8b")
    assert "answers" in text_of(panel, reverse(LIST))


def test_no_other_address_can_be_added_like_this(panel: Client, fake_upstream: FakeUpstream) -> None:
    url = reverse("admin:gateway_upstream_add_found")
    assert panel.post(url, {"base_url": fake_upstream.url}).status_code == 404
    assert panel.get(url).status_code == 405
    assert fake_upstream.requests == []


def test_who_may_only_see_servers_neither_looks_for_some_nor_adds_one(alices_client: Client, next_door: Server) -> None:
    User.objects.update(is_staff=True)
    assert alices_client.get(reverse(LIST) + "?find=1").status_code == 302  # to the list without it
    url = reverse("admin:gateway_upstream_add_found")
    assert alices_client.post(url, {"base_url": next_door.url}).status_code == 403
    assert next_door.requests == []
