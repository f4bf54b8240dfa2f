"""What is under a legal hold stays, also for scripts."""

import openai
import pytest

from accounts.models import LegalHold, User
from rag.models import Collection


def test_a_held_store_and_its_files_are_not_deleted(sdk: openai.OpenAI, alice: User) -> None:
    file = sdk.files.create(file=("haus.txt", b"Haus am See"), purpose="assistants")
    store = sdk.vector_stores.create(name="Satzung", file_ids=[file.id])
    LegalHold.objects.create(collection=Collection.objects.get().pk, reason="AZ 7")
    for delete in (
        lambda: sdk.vector_stores.delete(store.id),
        lambda: sdk.vector_stores.files.delete(file.id, vector_store_id=store.id),
        lambda: sdk.files.delete(file.id),
    ):
        with pytest.raises(openai.ConflictError) as refused:
            delete()
        assert refused.value.code == "on_hold"
    assert Collection.objects.get().documents.count() == 1
