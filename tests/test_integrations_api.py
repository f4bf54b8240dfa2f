"""The examples of docs/integrations-api.md, where there is an `/api/v1`."""

from pathlib import Path

import pytest
from django.conf import settings
from django.urls import Resolver404, resolve

from accounts.models import User
from rag import uploads
from rag.models import Collection
from tests.fake_upstream import DEFAULT_TEXT, FakeUpstream
from tests.outside import names, outside
from tests.rag.api.conftest import address, models, worker
from tests.rag.files import uploaded
from tests.test_integrations import BLOCK, environment, run

__all__ = ["address", "environment", "models", "names", "outside", "worker"]
PAGE = Path(settings.BASE_DIR, "docs/integrations-api.md").read_text()


def is_there() -> bool:
    try:
        return bool(resolve("/api/v1/collections"))
    except Resolver404:
        return False


@pytest.mark.skipif(not is_there(), reason="there is no /api/v1 here")
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("language", "code", "says"),
    [
        (*block, says)
        for block, says in zip(
            BLOCK.findall(PAGE), [DEFAULT_TEXT, "garden.txt: The garden opens at nine."], strict=True
        )
    ],
    ids=["curl", "python"],
)
def test_an_example_runs(
    language: str, code: str, says: str, environment: dict[str, str], models: FakeUpstream, alice: User
) -> None:
    models.titles = {}
    # to the scripted model only the same words mean the same, and without anything near nothing is cited
    uploads.accept(alice, Collection.objects.get(), uploaded("When does the garden open?", name="questions.txt"))
    printed = run(language, code, environment)
    assert says in printed and DEFAULT_TEXT in printed
