import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from gateway.models import Deployment, Upstream
from rag.models import Collection, EmbeddingIndex
from tests.conftest import client_of
from tests.fake_upstream import FakeUpstream
from tests.rag.files import GARDEN
from tests.rag.test_retrieval import learn

CHANGELIST = reverse("admin:rag_embeddingindex_changelist")
ADD = reverse("admin:rag_embeddingindex_add")


@pytest.fixture
def panel(db: None) -> Client:
    return client_of(User.objects.create_superuser("admin@example.org", "a long enough secret"))


@pytest.fixture
def handbook(embedder: FakeUpstream, collection: Collection, alice: User) -> Collection:
    learn(alice, collection, GARDEN)
    return collection


@pytest.fixture
def other(embedder: FakeUpstream) -> Deployment:
    return Deployment.objects.create(
        upstream=Upstream.objects.get(), name="owl", model="multilingual-e5-owl", kind="embedding"
    )


def act(panel: Client, action: str, *models: str) -> str:
    chosen = [str(index.pk) for index in EmbeddingIndex.objects.filter(model__in=models)]
    return panel.post(CHANGELIST, {"action": action, "_selected_action": chosen}, follow=True).content.decode()


def adopt(panel: Client, deployment: Deployment, **fields: str) -> str:
    return panel.post(ADD, {"deployment": deployment.pk, **fields}, follow=True).content.decode()


def test_the_list_tells_which_model_indexes_and_how_far(handbook: Collection, other: Deployment, panel: Client) -> None:
    adopt(panel, other)
    page = panel.get(CHANGELIST).content.decode()
    assert "bge-finch" in page and "in use" in page and "1 of 1" in page
    assert "multilingual-e5-owl" in page and "being built" in page and "0 of 1" in page


def test_adopting_takes_known_prefixes_unless_others_are_given(
    handbook: Collection, other: Deployment, panel: Client
) -> None:
    adopt(panel, other, query_prefix="", passage_prefix="read: ")
    index = EmbeddingIndex.objects.building().get()
    assert (index.query_prefix, index.passage_prefix) == ("query: ", "read: ")
    assert index.adopted_by == User.objects.get(is_superuser=True)


def test_the_one_in_use_stays(handbook: Collection, panel: Client) -> None:
    assert "is in use. Adopt another model first." in act(panel, "remove", "bge-finch")
    assert EmbeddingIndex.objects.active().exists()


def test_building_is_stopped(handbook: Collection, other: Deployment, panel: Client) -> None:
    adopt(panel, other)
    assert "are being removed" in act(panel, "remove", "multilingual-e5-owl")
    assert not EmbeddingIndex.objects.building().exists()


def test_an_old_one_is_used_again(handbook: Collection, other: Deployment, panel: Client) -> None:
    EmbeddingIndex.objects.create(model=other.model, state="retired")
    assert "1 document is indexed by it now." in act(panel, "use", other.model)
    assert EmbeddingIndex.objects.building().get().model == other.model


@pytest.mark.parametrize("model", ["unknown-finch", "bge-finch"])
def test_what_is_in_use_or_nobody_serves_is_not_adopted(handbook: Collection, panel: Client, model: str) -> None:
    EmbeddingIndex.objects.create(model="unknown-finch", state="retired")
    act(panel, "use", model)
    assert EmbeddingIndex.objects.active().get().model == "bge-finch"
    assert not EmbeddingIndex.objects.building().exists()


def test_only_the_words_before_a_question_change_later(handbook: Collection, panel: Client) -> None:
    index = EmbeddingIndex.objects.get()
    address = reverse("admin:rag_embeddingindex_change", args=[index.pk])
    panel.post(address, {"query_prefix": "ask: ", "passage_prefix": "read: ", "model": "crow"})
    index.refresh_from_db()
    assert (index.query_prefix, index.passage_prefix, index.model) == ("ask: ", "", "bge-finch")
    assert panel.get(address).status_code == 200


def test_others_do_not_see_it(handbook: Collection, alices_client: Client) -> None:
    assert alices_client.get(CHANGELIST).status_code == 302
