"""A person who wrote one odd word everywhere a person can write, and where it may be looked for afterwards."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import redis
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts import inviting, memory
from accounts.models import Invitation, Membership, Team, User
from chat import asking, opinions, projects, sharing
from chat.models import Assistant, Conversation, Message, Project, Prompt
from gateway.models import ApiKey
from rag.models import Chunk, Collection, CollectionShare, Document, DocumentText, DocumentVersion, Posting, StoredFile
from tests.conftest import client_of

CANARY = "Kanarengelb7391"
TEXT = f"Der Vogel heißt {CANARY}."


def leave_it_everywhere(user: User, bob: User, team: Team) -> Client:
    """By the pages where a page does it at once, else by what stands behind them."""
    client = client_of(user)
    form = {"name": CANARY, "instructions": TEXT, "theme": "system", "text_size": "100", "language": ""}
    assert client.post(reverse("preferences"), form).status_code == 302
    client.post(reverse("chat:memory-switch"), {"on": "1"})
    User.objects.filter(pk=user.pk).update(remembers=True)
    user.refresh_from_db()
    memory.remember(user, TEXT)
    Membership.objects.create(user=user, team=team, role="lead")
    inviting.invite(Invitation(email=f"{CANARY}@example.org".lower(), accepted_by=user), user)
    ApiKey.create(user, CANARY)
    _documents(user, bob, team)
    _conversations(user, bob, team)
    _offers(user, bob, team)
    client.get(reverse("chat:search"), {"q": CANARY})
    client.post(reverse("chat:temporary-ask"), {"text": TEXT, "history": "[]"})
    cache.set(f"page:{Document.objects.filter(collection__owner=user).first().pk}:1:1:letters", TEXT)  # type: ignore[union-attr]
    cache.set(f"idempotency:{user.pk}:abc", {"answer": TEXT})
    assert UserSession.objects.filter(user=user).exists()
    return client


def document(collection: Collection, user: User, name: str = f"{CANARY}.txt") -> Document:
    made = Document(collection=collection, uploaded_by=user, name=name, folder=CANARY, size=len(TEXT), status="ready",
                    sha256=uuid4().hex, media_type="text/plain", attributes={"who": CANARY})  # fmt: skip
    made.file.save(made.name, ContentFile(TEXT.encode()), save=False)
    made.save()
    DocumentText.objects.create(document=made, text=TEXT, page_starts=[0])
    chunk = Chunk.objects.create(
        document=made, collection=collection, start=0, end=len(TEXT), text=TEXT, heading=CANARY
    )
    Posting.objects.create(chunk=chunk, collection=collection, term=CANARY.lower(), frequency=2, length=4)
    return made


def _documents(user: User, bob: User, team: Team) -> None:
    own = Collection.objects.create(owner=user, name=CANARY, purpose=TEXT)
    own.shares.create(user=bob, role=CollectionShare.Role.EDITOR)
    own.shares.create(team=team, role=CollectionShare.Role.VIEWER)
    made = document(own, user)
    version = DocumentVersion(document=made, number=0, size=1, sha256="x", media_type="text/plain", text=TEXT,
                              created_at=made.created_at)  # fmt: skip
    version.file.name = default_storage.save(f"documents/{uuid4().hex}", ContentFile(TEXT.encode()))
    version.save()
    stored = StoredFile(owner=user, name=CANARY, purpose="assistants", media_type="text/plain", size=1, sha256="y")
    stored.file.save("x", ContentFile(TEXT.encode()), save=False)
    stored.save()
    theirs = Conversation.objects.create(owner=bob)
    _, answer = asking.ask(theirs, "Wie heißt er?")
    answer.citations.create(number=1, document=made, document_name=made.name, version=1, text=TEXT, start=0, end=9,
                            focus_start=0, focus_end=9)  # fmt: skip
    Message.objects.filter(pk=answer.pk).update(status="done", text="So.", assistant=CANARY, searched_in=[CANARY])


def _conversations(user: User, bob: User, team: Team) -> None:
    project = Project.objects.create(owner=user, name=CANARY, instructions=TEXT)
    document(projects.files_of(project), user)
    conversation = Conversation.objects.create(owner=user, title=CANARY, project=project)
    _, answer = asking.ask(conversation, TEXT)
    answer.status, answer.text, answer.reasoning, answer.error = "done", TEXT, TEXT, ""
    answer.save()
    opinions.give(answer, "good", "clear", TEXT)
    conversation.attachments = Collection.objects.create(owner=user, name=CANARY, is_attachment=True)
    conversation.save()
    document(conversation.attachments, user)
    sharing.share(conversation, everyone=False, people=[bob], teams=[team])
    Conversation.objects.create(owner=user, title=CANARY)


def _offers(user: User, bob: User, team: Team) -> None:
    assistant = Assistant.objects.create(owner=user, name=CANARY, description=TEXT, instructions=TEXT, starters=[TEXT])
    prompt = Prompt.objects.create(owner=user, title=CANARY, text=TEXT)
    for offered in (assistant, prompt):
        offered.offer(everyone=False, people=[bob], teams=[team])


# --- looking for it


def in_database() -> list[str]:
    """The tables that hold it, each row written out as text, ids of words and JSON included."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        return [name for name in tables if _has(cursor, name)]


def _has(cursor: Any, table: str) -> bool:
    cursor.execute(f"SELECT EXISTS (SELECT FROM {table} AS t WHERE t::text ILIKE %s)", [f"%{CANARY}%"])  # noqa: S608
    return bool(cursor.fetchone()[0])


def in_storage() -> list[str]:
    files = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    return [str(path) for path in files if _is_in(path.read_bytes()) or _is_in(str(path).encode())]


def in_redis() -> list[str]:
    client = redis.Redis.from_url(settings.REDIS_URL)
    found = []
    for key in client.scan_iter():
        kind = client.type(key).decode()
        value = {"list": lambda key: client.lrange(key, 0, -1), "hash": client.hgetall, "set": client.smembers,
                 "zset": lambda key: client.zrange(key, 0, -1)}.get(kind, client.get)(key)  # fmt: skip
        if _is_in(str(value).encode()) or _is_in(key):
            found.append(key.decode())
    return found


def _is_in(content: bytes) -> bool:
    return CANARY.lower().encode() in content.lower()
