"""Export contains it, erasure leaves nothing of it: not in a table, a file, a key of Redis, or a line of the log."""

import zipfile
from io import BytesIO

import httpx2
import pytest
import redis
from django.conf import settings
from django.core.files.storage import default_storage
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import AuditEvent, DataExport, Erasure, Team, User
from config import erasing, exporting
from gateway.database import in_database
from gateway.models import ApiKey, Upstream, Usage
from rag.models import Collection, Document
from tests.chat.test_temporary import ask
from tests.fake_upstream import FakeUpstream
from tests.privacy import canary
from tests.privacy.canary import CANARY, TEXT

pytestmark = pytest.mark.django_db
EVERYWHERE = {
    "accounts_user", "accounts_fact", "accounts_invitation", "gateway_apikey", "chat_conversation", "chat_message",
    "chat_citation", "chat_project", "chat_assistant", "chat_prompt", "chat_share", "rag_collection", "rag_document",
    "rag_documenttext", "rag_documentversion", "rag_chunk", "rag_posting", "rag_storedfile",
}  # fmt: skip
IN_EXPORT = {
    "profile.json", "memory.json", "invitations.json", "api_keys.json", "collections.json", "documents.json",
    "files_of_scripts.json", "conversations.json", "opinions.json", "reasoning.json", "projects.json",
    "assistants.json", "prompts.json", "shares.json", "README.txt",
}  # fmt: skip


@pytest.fixture
def zoe(db: None) -> User:
    return User.objects.create_user(f"{CANARY.lower()}@example.org")


def test_a_canary_is_in_the_export_and_nowhere_after_the_erasure(
    zoe: User, bob: User, team: Team, caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:  # fmt: skip
    canary.leave_it_everywhere(zoe, bob, team)
    assert set(canary.in_database()) >= EVERYWHERE
    assert canary.in_storage() and canary.in_redis()
    export = exporting.begin(zoe)
    exporting.write(str(export.pk))
    export.refresh_from_db()
    with zipfile.ZipFile(BytesIO(export.file.read())) as packed:
        holding = {name for name in packed.namelist() if CANARY.lower().encode() in packed.read(name).lower()}
        assert {name for name in holding if "/" not in name} == IN_EXPORT
        assert len([name for name in holding if "/" in name]) == 5  # three documents, a version, a file
    with django_capture_on_commit_callbacks(execute=True):
        erasure = erasing.ask(zoe, Erasure.Asked.PERSON, {})
        erasing.run(str(erasure.pk))
    assert (canary.in_database(), canary.in_storage(), canary.in_redis()) == ([], [], [])
    assert CANARY.lower() not in caplog.text.lower()
    assert not default_storage.exists(export.file.name) and not DataExport.objects.exists()


async def test_what_models_were_asked_leaves_figures_alone(
    zoe: User, aviary: Upstream, base_url: str, fake_upstream: FakeUpstream, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        fake_upstream.reply(TEXT)
    assert (await ask(zoe, TEXT))[-1]["text"] == TEXT
    _, secret = await in_database(ApiKey.create, zoe, "script")
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "einmal"}
    body = {"model": "parrot", "messages": [{"role": "user", "content": TEXT}]}
    async with httpx2.AsyncClient() as client:
        answer = await client.post(f"{base_url}/chat/completions", json=body, headers=headers)
    assert CANARY in answer.text and _kept_answers(zoe)
    gone = zoe.pk
    erasure = await in_database(erasing.ask, zoe, Erasure.Asked.PERSON, {})
    await in_database(erasing.run, str(erasure.pk))
    assert not _kept_answers(zoe) and canary.in_redis() == []
    assert await in_database(canary.in_database) == [] and CANARY not in caplog.text
    assert await Usage.objects.filter(user_id=gone).acount() == 2
    assert not await User.objects.filter(pk=gone).aexists()


def _kept_answers(user: User) -> bool:
    kept = redis.Redis.from_url(settings.REDIS_URL).scan_iter(match=f"*idempotency:{user.pk}:*")
    return bool(list(kept))


def test_what_was_consumed_and_recorded_stays_without_the_person(zoe: User, bob: User, team: Team) -> None:
    canary.leave_it_everywhere(zoe, bob, team)
    events, gone = AuditEvent.objects.filter(actor=zoe.pk).count(), zoe.pk
    erasing.run(str(erasing.ask(zoe, Erasure.Asked.PERSON, {}).pk))
    assert AuditEvent.objects.filter(actor_id=gone).count() >= events > 0
    assert not User.objects.filter(pk=gone).exists() and Usage.objects.filter(user_id=gone).count() == 0


def test_what_is_a_teams_or_anothers_stays(zoe: User, bob: User, team: Team) -> None:
    of_team, of_bob = (Collection.objects.create(name="Satzung", **{whose: who})
                       for whose, who in (("team", team), ("owner", bob)))  # fmt: skip
    stay = [canary.document(each, zoe, "Satzung.txt") for each in (of_team, of_bob)]
    erasing.run(str(erasing.ask(zoe, Erasure.Asked.ADMIN, {}).pk))
    assert Document.objects.filter(pk__in=[each.pk for each in stay], uploaded_by=None).count() == 2
    assert all(default_storage.exists(each.file.name) for each in stay)
