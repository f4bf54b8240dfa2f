import ssl
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from gateway.models import ApiKey, Deployment, Scope, Upstream
from tests.fake_upstream import FakeUpstream
from tests.gateway.test_discovery import own_authority

__all__ = ["own_authority"]

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> list[str]:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().splitlines()


def test_an_upstream_is_added_with_its_models(fake_upstream: FakeUpstream) -> None:
    report = "\n".join(run("addupstream", "nest", fake_upstream.url, "--api-key", "k"))
    assert "parrot (Chat, new, default)" in report
    assert fake_upstream.requests[0].headers["authorization"] == "Bearer k"
    assert Deployment.objects.count() == 2


def test_the_same_name_again_changes_it(fake_upstream: FakeUpstream) -> None:
    run("addupstream", "nest", "http://gpu:8000/v1", "--api-key", "k", "--model", "wren")
    run("addupstream", "nest", fake_upstream.url)
    upstream = Upstream.objects.get()
    assert (upstream.base_url, upstream.api_key) == (fake_upstream.url, "")
    assert not [request for request in fake_upstream.requests if "authorization" in request.headers]


def test_a_key_is_kept_for_its_address(fake_upstream: FakeUpstream) -> None:
    run("addupstream", "nest", fake_upstream.url, "--api-key", "k")
    run("addupstream", "nest", fake_upstream.url)
    assert Upstream.objects.get().api_key == "k"


def test_where_it_stands_and_who_vouches_for_it_can_be_said(
    tmp_path: Path, own_authority: tuple[str, ssl.SSLContext, ssl.SSLContext]
) -> None:
    nest = ("addupstream", "nest", "https://gpu:8000/v1", "--model", "wren")
    assert "not marked as in the house" in run(*nest)[0]
    (tmp_path / "ca.pem").write_text(own_authority[0])
    run(*nest, "--in-house", "--place", "Keller", "--certificate", str(tmp_path / "ca.pem"))
    run(*nest)  # and it stays so
    upstream = Upstream.objects.get()
    assert (upstream.in_house, upstream.place, "BEGIN" in upstream.certificate) == (True, "Keller", True)
    run(*nest, "--no-in-house")
    assert not Upstream.objects.get().in_house
    for wrong in (tmp_path, tmp_path / "none.pem"):
        with pytest.raises(CommandError, match="cannot be read"):
            run(*nest, "--certificate", str(wrong))


def test_models_can_be_named_by_hand() -> None:
    run("addupstream", "nest", "http://gpu:8000/v1", "--model", "wren", "--model", "bge-m3")
    assert list(Deployment.objects.order_by("name").values_list("name", "kind")) == [
        ("bge-m3", "embedding"),
        ("wren", "chat"),
    ]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/v1", "gpu:8000", "ftp://gpu/v1", "http://user:pw@gpu/v1", "http://"]
)
def test_a_wrong_address_is_said_to_be_and_leaves_nothing(url: str) -> None:
    with pytest.raises(CommandError):
        run("addupstream", "nest", url)
    assert not Upstream.objects.exists()


def test_the_key_stands_alone_on_the_last_line(alice: User) -> None:
    lines = run("createapikey", "Alice@example.org", "--name", "report")
    key = ApiKey.objects.for_digest(ApiKey.digest_of(lines[-1]))
    assert key and (key.user, key.name, key.model_names, key.expires_at) == (alice, "report", None, None)
    assert set(key.scopes) == set(Scope.values) - {Scope.ADMIN}


def test_a_key_is_made_for_what_is_named(alice: User) -> None:
    run("addupstream", "nest", "http://gpu:8000/v1", "--model", "wren")
    run("createapikey", alice.email, "--scope", "chat", "--scope", "audio", "--model", "wren", "--days", "30")
    key = ApiKey.objects.get()
    assert (key.scopes, key.model_names) == (["chat", "audio"], ["wren"])
    assert key.expires_at and (key.expires_at - timezone.now()).days == 29


@pytest.mark.parametrize("option", [("--scope", "root"), ("--model", "dodo"), ("--days", "0"), ("--days", "99999")])
def test_what_makes_no_sense_makes_no_key(alice: User, option: tuple[str, str]) -> None:
    with pytest.raises(CommandError):
        run("createapikey", alice.email, *option)
    assert not ApiKey.objects.exists()


def test_nobody_gets_no_key(alice: User) -> None:
    with pytest.raises(CommandError):
        run("createapikey", "nobody@example.org")
    User.objects.update(is_active=False)
    with pytest.raises(CommandError):
        run("createapikey", alice.email)
