"""The panel's pages of this room."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from gateway.models import ApiKey, Deployment, Upstream
from tests.conftest import client_of
from tests.fake_upstream import FakeUpstream

pytestmark = pytest.mark.django_db
SECRET = re.compile(r"vol-[\w-]{43}")


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
        "deployments-TOTAL_FORMS": "0",
        "deployments-INITIAL_FORMS": "0",
        **values,
    }


def page_of(upstream: Upstream) -> str:
    return reverse("admin:gateway_upstream_change", args=[upstream.pk])


def text_of(client: Client, url: str, data: dict[str, str] | None = None) -> str:
    response = client.get(url) if data is None else client.post(url, data, follow=True)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("model", ["upstream", "deployment", "apikey", "quota", "usage"])
def test_staff_without_rights_and_others_see_nothing(alices_client: Client, model: str) -> None:
    url = reverse(f"admin:gateway_{model}_changelist")
    assert alices_client.get(url).status_code in (302, 403)
    User.objects.update(is_staff=True)
    assert alices_client.get(url).status_code == 403


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


def test_a_key_does_not_move_to_another_address(panel: Client, nest: Upstream) -> None:
    text_of(panel, page_of(nest), form(nest, base_url="http://elsewhere.example.org/v1"))
    nest.refresh_from_db()
    assert nest.api_key == ""


def test_the_test_button_shows_the_answer(panel: Client, nest: Upstream) -> None:
    page = text_of(panel, page_of(nest), form(nest, gateway_upstream_test="1"))
    assert "parrot, bge-finch" in page


def test_the_test_button_shows_the_failure(panel: Client, nest: Upstream) -> None:
    page = text_of(panel, page_of(nest), form(nest, base_url="http://127.0.0.1:9/v1", gateway_upstream_test="1"))
    assert "cannot be reached" in page


def test_looking_at_the_page_asks_no_server(panel: Client, nest: Upstream, fake_upstream: FakeUpstream) -> None:
    text_of(panel, page_of(nest))
    assert fake_upstream.requests == []


def test_a_new_upstream_offers_its_models(panel: Client, fake_upstream: FakeUpstream) -> None:
    new = Upstream(name="nest", base_url=fake_upstream.url)
    assert "2 new models" in text_of(panel, reverse("admin:gateway_upstream_add"), form(new))
    assert Deployment.objects.count() == 2


def test_a_new_key_is_shown_once(panel: Client, alice: User) -> None:
    page = text_of(panel, reverse("admin:gateway_apikey_add"), {"user": str(alice.pk), "name": "report"})
    [secret] = SECRET.findall(page)
    assert ApiKey.objects.for_secret(secret)
    assert secret not in text_of(panel, reverse("admin:gateway_apikey_changelist"))


@pytest.mark.parametrize("button", ["_save", "_continue", "_addanother", "_popup"])
def test_a_new_key_is_on_its_page_and_nowhere_else(panel: Client, alice: User, button: str) -> None:
    data = {"user": str(alice.pk), "name": "report", button: "1"}
    response = panel.post(reverse("admin:gateway_apikey_add"), data)
    assert len(SECRET.findall(response.text)) == 1
    assert "no-store" in response["Cache-Control"]
    told = [*get_messages(response.wsgi_request), *response.headers.values(), *LogEntry.objects.values_list()]
    assert not SECRET.search(f"{told} {panel.cookies} {dict(panel.session)}")


def test_a_key_is_revoked(panel: Client, alice: User) -> None:
    key, secret = ApiKey.create(alice, "report")
    url = reverse("admin:gateway_apikey_changelist")
    text_of(panel, url, {"action": "revoke", "_selected_action": str(key.pk)})
    assert ApiKey.objects.for_secret(secret) is None


def test_changing_a_key_does_not_change_its_secret(panel: Client, alice: User) -> None:
    key, secret = ApiKey.create(alice, "report")
    text_of(panel, reverse("admin:gateway_apikey_change", args=[key.pk]), {"name": "monthly report"})
    renamed = ApiKey.objects.for_secret(secret)
    assert renamed and renamed.name == "monthly report"
