"""The page of settings in force: every variable, where it comes from, and no secret."""

import os
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts import rules
from accounts.models import HouseRules, User
from accounts.roles import Role
from config.effective_names import GROUPS
from config.running.programs import DECIDED, Address, environment
from tests.conftest import client_of
from tests.test_variables import documented

pytestmark = pytest.mark.django_db
PAGE = "/admin/settings/"


@pytest.fixture
def panel(db: None) -> Client:
    return client_of(User.objects.create_superuser("root@example.org"))


def row(client: Client, name: str) -> list[str]:
    """Value, source and meaning."""
    page = client.get(PAGE).text
    found = re.search(rf"<code>{name}</code></th>(.*?)</tr>", page, re.DOTALL)
    assert found, name
    return [cell.strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", found[1], re.DOTALL)]


def test_the_page_has_every_variable_that_is_documented() -> None:
    told = {variable.name: variable.is_plain for _title, variables in GROUPS for variable in variables}
    assert told == documented()


@pytest.mark.parametrize(("role", "status"), [(Role.ADMIN, 200), (Role.AUDITOR, 200), (Role.MEMBER, 302)])
def test_admins_and_auditors_see_it(alice: User, role: Role, status: int) -> None:
    alice.role = role
    alice.save()
    assert client_of(alice).get(PAGE).status_code == status
    assert Client().get(PAGE).status_code == 302
    assert reverse("effective-settings") == PAGE


def test_each_says_where_it_comes_from(panel: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VOLIERE_CURRENCY", "CHF")
    monkeypatch.delenv("VOLIERE_LANGUAGE", raising=False)
    (tmp_path / "token").write_text("streng-geheim\n")
    monkeypatch.setenv("VOLIERE_INFERENCE_KEY_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("REDIS_URL", "redis://:hidden@cache.example.org:6379/0?password=hidden")
    monkeypatch.setenv(DECIDED, "PORT,DATABASE_URL")
    monkeypatch.setenv("PORT", "8000")
    assert row(panel, "VOLIERE_CURRENCY")[1] == "environment"
    assert row(panel, "VOLIERE_LANGUAGE")[:2] == ["en", "default"]
    assert row(panel, "VOLIERE_INFERENCE_KEY")[:2] == ["set", f"file {tmp_path}/token"]
    assert row(panel, "REDIS_URL")[:2] == ["redis://:…@cache.example.org:6379/0?…", "environment"]
    assert row(panel, "PORT")[1] == "default" and row(panel, "DATABASE_URL")[1] == "Voliere itself"
    page = panel.get(PAGE).text
    assert "streng-geheim" not in page


def test_no_secret_is_on_the_page(panel: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        name: f"geheim-{number}"
        for number, name in enumerate(
            ("VOLIERE_ADMIN_PASSWORD", "VOLIERE_METRICS_TOKEN", "VOLIERE_INFERENCE_KEY", "SECRET_KEY")
        )
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATABASE_URL", "postgres://voliere:geheim-9@db/voliere")
    page = panel.get(PAGE).text
    assert "geheim-" not in page
    assert settings.SECRET_KEY not in page and not any(key in page for key in settings.ENCRYPTION_KEYS)
    assert row(panel, "DATABASE_URL")[0] == "postgres://voliere:…@db/voliere"


def test_a_file_that_is_gone_is_told(panel: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOLIERE_ADMIN_PASSWORD_FILE", "/nowhere")
    assert row(panel, "VOLIERE_ADMIN_PASSWORD")[:2] == ["cannot be read", "file /nowhere"]


@pytest.mark.parametrize("value", ["http://[", "://", "x://a:b@[::1]/c", "\x00", "<b>://"])
def test_whatever_stands_in_the_environment_breaks_nothing(
    panel: Client, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setattr(os, "environ", {**os.environ, "VOLIERE_INFERENCE_URL": value})
    page = panel.get(PAGE)
    assert page.status_code == 200 and "<b>://" not in page.text


def test_what_the_panel_sets_is_there_too(panel: Client) -> None:
    HouseRules(open_sign_up=True).save()
    rules.forget()
    page = panel.get(PAGE).text
    assert "open sign-up" in page and ">panel<" in page


def test_what_up_fills_in_is_not_taken_for_somebodys_choice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOST", "127.0.0.1")
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    decided = environment({"REDIS_URL": "redis://x"}, Address("127.0.0.1", 8000), tmp_path)[DECIDED].split(",")
    assert {"PORT", "REDIS_URL"} <= set(decided) and "HOST" not in decided
