"""Servers and what they offer."""

import pytest

from gateway import upstreams
from gateway.exceptions import UpstreamError
from gateway.models import Deployment, Upstream
from tests.fake_upstream import FakeUpstream

pytestmark = pytest.mark.django_db


@pytest.fixture
def nest(fake_upstream: FakeUpstream) -> Upstream:
    return Upstream.objects.create(name="nest", base_url=fake_upstream.url)


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ({"id": "llama-3.1-8b-instruct"}, "chat"),
        ({"id": "qwen2.5-coder"}, "chat"),
        ({"id": "nomic-embed-text"}, "embedding"),
        ({"id": "BAAI/bge-m3"}, "embedding"),
        ({"id": "intfloat/multilingual-e5-large"}, "embedding"),
        ({"id": "all-MiniLM-L6-v2"}, "embedding"),
        ({"id": "BAAI/bge-reranker-v2-m3"}, "rerank"),
        ({"id": "openai/whisper-large-v3"}, "transcription"),
        ({"id": "embed-talk", "voliere": {"kind": "chat"}}, "chat"),
    ],
)
def test_the_kind_is_told_or_guessed(
    nest: Upstream, fake_upstream: FakeUpstream, entry: dict[str, object], kind: str
) -> None:
    fake_upstream.models = [entry]
    assert [deployment.kind for deployment in upstreams.discover(nest)] == [kind]


@pytest.mark.parametrize(
    "entry",
    [{"id": "tts-1"}, {"id": "x", "voliere": {"kind": "painting"}}, {"id": ""}, {"id": "x" * 201}, {"id": 7}]
    + [{"id": name} for name in ("nul\x00", "\ud800", "line\nbreak")],
)
def test_what_is_none_of_these_is_not_offered(
    nest: Upstream, fake_upstream: FakeUpstream, entry: dict[str, object]
) -> None:
    fake_upstream.models = [entry]
    assert upstreams.discover(nest) == []


def test_what_the_server_knows_of_a_model_is_kept(nest: Upstream, fake_upstream: FakeUpstream) -> None:
    about = {"kind": "chat", "licence": "Apache-2.0", "context_length": 4096}
    fake_upstream.models = [{"id": "librarian", "voliere": about}, {"id": "wren", "max_model_len": 8192}]
    librarian, wren = upstreams.discover(nest)
    assert (librarian.licence, librarian.context_length, wren.context_length) == ("Apache-2.0", 4096, 8192)


def test_the_first_of_a_kind_is_its_default(nest: Upstream, fake_upstream: FakeUpstream) -> None:
    fake_upstream.models = [{"id": "wren"}, {"id": "tit"}, {"id": "bge-finch"}]
    assert [deployment.is_default for deployment in upstreams.discover(nest)] == [True, False, True]


def test_a_new_default_takes_the_place_of_the_old(nest: Upstream, fake_upstream: FakeUpstream) -> None:
    fake_upstream.models = [{"id": "wren"}, {"id": "tit"}]
    _, tit = upstreams.discover(nest)
    tit.is_default = True
    tit.save()
    assert Deployment.objects.find("", "chat").name == "tit"
    assert Deployment.objects.filter(is_default=True).count() == 1


def test_a_name_that_is_taken_gets_the_servers_before_it(nest: Upstream) -> None:
    other = Upstream.objects.create(name="owlery", base_url=nest.base_url)
    upstreams.discover(nest)
    assert [deployment.name for deployment in upstreams.discover(other)] == ["owlery/parrot", "owlery/bge-finch"]


def test_looking_again_changes_nothing_the_admin_chose(nest: Upstream) -> None:
    upstreams.discover(nest)
    Deployment.objects.filter(model="parrot").update(name="Papagei", is_active=False, is_default=False)
    assert upstreams.discover(nest) == []
    papagei = Deployment.objects.get(model="parrot")
    assert (papagei.name, papagei.is_active, papagei.is_default) == ("Papagei", False, False)


def test_the_embedded_server_moves_and_stays_the_same(fake_upstream: FakeUpstream) -> None:
    embedded = upstreams.register_embedded(fake_upstream.url, "old")
    Upstream.objects.update(name="Hausbibliothek", is_active=False)
    again = upstreams.register_embedded(fake_upstream.url + "/", "new")
    assert (again.pk, again.name, again.is_active, again.api_key) == (embedded.pk, "Hausbibliothek", False, "new")
    assert Deployment.objects.count() == 2


def test_the_embedded_server_does_not_take_another_ones_name(fake_upstream: FakeUpstream) -> None:
    Upstream.objects.create(name="Embedded", base_url="http://127.0.0.1:9/v1")
    embedded = upstreams.register_embedded(fake_upstream.url, "key")
    assert (embedded.name, embedded.place, embedded.is_embedded) == ("Embedded 2", "on this server", True)


def test_a_server_that_answers_is_reachable(nest: Upstream) -> None:
    trial = upstreams.test(nest)
    assert (trial.reachable, trial.models, trial.error) == (True, ["parrot", "bge-finch"], "")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "http://no-such-host.invalid/v1"])
def test_a_server_that_is_away_is_said_to_be(nest: Upstream, url: str) -> None:
    nest.base_url = url
    trial = upstreams.test(nest)
    assert (trial.reachable, trial.error) == (False, "The model server cannot be reached.")


@pytest.mark.parametrize("models", [None, "parrot", {}])
def test_a_server_with_no_list_is_refused(nest: Upstream, fake_upstream: FakeUpstream, models: object) -> None:
    fake_upstream.models = models  # type: ignore[assignment]
    with pytest.raises(UpstreamError):
        upstreams.discover(nest)


def test_a_secret_lies_encrypted_in_the_database(nest: Upstream) -> None:
    nest.api_key = "upstream-secret"
    nest.save()
    raw = Upstream.objects.raw("SELECT id, name, api_key || '' AS raw FROM gateway_upstream")[0].raw
    assert "upstream-secret" not in raw and Upstream.objects.get().api_key == "upstream-secret"
