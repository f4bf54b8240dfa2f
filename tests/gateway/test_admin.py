"""The panel's pages of this room."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import AuditEvent, User
from gateway.models import Deployment, Upstream
from tests.conftest import client_of
from tests.fake_upstream import FakeUpstream

pytestmark = pytest.mark.django_db


@pytest.fixture
def panel(db: None, settings: Settings) -> Client:
    # names of static files as they are: the hashed ones exist only after `collectstatic`
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
    return client_of(User.objects.create_superuser("root@example.org"))


@pytest.fixture
def nest(fake_upstream: FakeUpstream) -> Upstream:
    return Upstream.objects.create(name="nest", base_url=fake_upstream.url, api_key="upstream-secret")


def form(upstream: Upstream, **values: str) -> dict[str, str]:
    return {
        "name": upstream.name,
        "base_url": upstream.base_url,
        "api_key": "",
        "place": "",
        "is_active": "on",
        "connect_timeout": "5",
        "first_token_timeout": "300",
        "between_tokens_timeout": "60",
        "total_timeout": "1800",
        "deployments-TOTAL_FORMS": "0",
        "deployments-INITIAL_FORMS": "0",
        **{f"{rows}-{name}": "0" for rows in ("power_meter", "hours") for name in ("TOTAL_FORMS", "INITIAL_FORMS")},
        **values,
    }


def page_of(upstream: Upstream) -> str:
    return reverse("admin:gateway_upstream_change", args=[upstream.pk])


def text_of(client: Client, url: str, data: dict[str, str] | None = None) -> str:
    response = client.get(url) if data is None else client.post(url, data, follow=True)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("model", ["upstream", "deployment", "apikey", "quota", "usage"])
def test_an_auditor_sees_all_but_who_used_how_much_and_others_nothing(alices_client: Client, model: str) -> None:
    url = reverse(f"admin:gateway_{model}_changelist")
    assert alices_client.get(url).status_code in (302, 403)
    User.objects.update(is_staff=True)
    assert alices_client.get(url).status_code == (403 if model == "usage" else 200)


@pytest.mark.parametrize("model", ["upstream", "deployment", "apikey", "quota"])
def test_the_pages_open(panel: Client, nest: Upstream, model: str) -> None:
    text_of(panel, reverse(f"admin:gateway_{model}_changelist"))
    text_of(panel, reverse(f"admin:gateway_{model}_add"))


def test_the_key_of_an_upstream_is_never_shown(panel: Client, nest: Upstream) -> None:
    assert "upstream-secret" not in text_of(panel, page_of(nest))


def test_left_empty_the_key_stays(panel: Client, nest: Upstream) -> None:
    text_of(panel, page_of(nest), form(nest, place="Keller"))
    nest.refresh_from_db()
    assert (nest.place, nest.api_key) == ("Keller", "upstream-secret")


def test_a_key_that_stays_is_no_change_of_it(panel: Client, nest: Upstream) -> None:
    text_of(panel, page_of(nest), form(nest, place="Keller"))
    assert AuditEvent.objects.get(kind="setting-changed").detail == "Place"
    text_of(panel, page_of(nest), form(nest, place="Keller", api_key="another"))
    assert AuditEvent.objects.filter(kind="setting-changed").latest("at").detail == "API key"


def test_a_key_does_not_move_to_another_address(panel: Client, nest: Upstream) -> None:
    text_of(panel, page_of(nest), form(nest, base_url="http://elsewhere.example.org/v1"))
    nest.refresh_from_db()
    assert nest.api_key == ""


@pytest.mark.django_db(transaction=True)
def test_the_test_button_shows_the_answer(panel: Client, nest: Upstream) -> None:
    page = text_of(panel, page_of(nest), form(nest, gateway_upstream_test="1"))
    assert "parrot, bge-finch" in page


@pytest.mark.django_db(transaction=True)
def test_the_test_button_shows_the_failure(panel: Client, nest: Upstream) -> None:
    page = text_of(panel, page_of(nest), form(nest, base_url="http://127.0.0.1:9/v1", gateway_upstream_test="1"))
    assert "cannot be reached" in page


def test_looking_at_the_page_asks_no_server(panel: Client, nest: Upstream, fake_upstream: FakeUpstream) -> None:
    text_of(panel, page_of(nest))
    assert fake_upstream.requests == []


@pytest.mark.django_db(transaction=True)
def test_a_new_upstream_offers_its_models(panel: Client, fake_upstream: FakeUpstream) -> None:
    new = Upstream(name="nest", base_url=fake_upstream.url)
    assert "2 new models" in text_of(panel, reverse("admin:gateway_upstream_add"), form(new))
    assert Deployment.objects.count() == 2
