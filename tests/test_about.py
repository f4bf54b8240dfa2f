"""`/about/` tells what is set at this moment."""

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.about import ROLES, SAID, rights
from accounts.models import IdentityProvider, User
from accounts.roles import LEAD, MAY, May, Role
from gateway.models import Deployment, Upstream

pytestmark = pytest.mark.django_db


def said(client: Client, language: str = "en") -> str:
    response = client.get("/about/", headers={"accept-language": language})
    assert response.status_code == 200
    html = response.content.decode()
    return " ".join(html[html.index('id="content"') : html.index("</main>")].split())


def upstream(name: str, *, in_house: bool, **fields: object) -> Upstream:
    server = Upstream.objects.create(
        name=name, base_url="https://secret-host.example.org/v1", api_key="upstream-secret", in_house=in_house, **fields
    )
    Deployment.objects.create(upstream=server, name=f"model-of-{name}", model="m", licence="Apache-2.0", origin="Paris")
    return server


def test_with_own_servers_alone_nothing_leaves_the_house(alices_client: Client) -> None:
    upstream("tower", in_house=True, place="Keller")
    html = said(alices_client)
    assert "No model runs outside the house." in html and "Every model runs on a server" in html
    assert all(text in html for text in ("model-of-tower", "tower, Keller", "Apache-2.0", "Paris"))


def test_a_server_elsewhere_is_named_with_what_it_gets(alices_client: Client) -> None:
    server = upstream("cloud", in_house=False, place="Virginia")
    Deployment.objects.create(upstream=server, name="finch", model="f", kind=Deployment.Kind.EMBEDDING)
    html = said(alices_client)
    assert "1 server that is not" in html and "cloud (Virginia)" in html and "the text of documents" in html
    assert "secret-host" not in html and "upstream-secret" not in html


def test_a_server_that_is_switched_off_gets_nothing_and_is_not_named(alices_client: Client) -> None:
    upstream("cloud", in_house=False, is_active=False)
    server = upstream("idle", in_house=False)
    server.deployments.update(is_active=False)
    html = said(alices_client)
    assert "cloud" not in html and "idle" not in html and "No model runs outside" in html


def test_how_long_things_are_kept_is_as_it_is_set(alices_client: Client, settings: Settings) -> None:
    settings.USAGE_RETENTION_MONTHS, settings.AUDIT_RETENTION_MONTHS, settings.AUDIT_ADDRESSES = 7, 0, "none"
    html = said(alices_client)
    assert "7 months; sums by day" in html and "without end" in html and "Without network addresses." in html
    assert "7 Monate" in said(alices_client, "de")


def test_single_sign_on_is_named(alices_client: Client) -> None:
    IdentityProvider.objects.create(name="Keycloak", slug="kc", issuer="https://id.example.org", client_id="x")
    assert "https://id.example.org" in said(alices_client)


def test_traces_are_named(alices_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:secret@collector.example.org:4318")
    html = said(alices_client)
    assert "collector.example.org" in html and "secret@" not in html


def test_the_table_of_rights_is_that_of_the_roles() -> None:
    assert set(SAID) == set(May)
    found = {right.what: right.held for right in rights()}
    for what in May:
        member, lead, auditor, admin = found[SAID[what]]
        assert [member, auditor, admin] == [what in MAY[role] for role in (Role.MEMBER, Role.AUDITOR, Role.ADMIN)]
        assert lead == (what in MAY[LEAD] or member)
    assert len(ROLES) == 4


def test_it_names_who_looks_after_it(alices_client: Client) -> None:
    User.objects.create_superuser("ada@example.org", name="Ada")
    User.objects.create_superuser("gone@example.org", name="Gone", is_active=False)
    html = said(alices_client)
    assert "ada@example.org" in html and "gone@example.org" not in html


def test_an_empty_instance_has_a_page_too(alices_client: Client) -> None:
    assert "No model is connected." in said(alices_client)


def test_names_are_no_markup(alices_client: Client) -> None:
    upstream("<b>x</b>", in_house=False, place="<script>1</script>")
    html = said(alices_client)
    assert "<b>x" not in html and "<script>1" not in html
