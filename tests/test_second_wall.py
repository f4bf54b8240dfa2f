"""The database's own rights (accounts/acting.py): what comes where the rules of the code are left out."""

import asyncio
from contextlib import nullcontext
from typing import Any

import pytest
from django.db import ProgrammingError, connection, models, transaction
from django.utils import timezone

from accounts import acting
from accounts.acting import acting_for
from accounts.models import Membership, Team, User
from chat import asking, conversations, sharing
from chat.models import Citation, Conversation, Message
from gateway.database import in_database
from rag import finding
from rag.calibration import Calibration
from rag.finding import Asked, Search
from rag.models import (
    Chunk,
    Collection,
    CollectionShare,
    Document,
    DocumentText,
    DocumentVersion,
    EmbeddingIndex,
    Posting,
    Vector,
)
from rag.words import Scope, begin

SAID: list[type[models.Model]] = [Conversation, Message, Citation]
KEPT: list[type[models.Model]] = [Collection, Document, DocumentText, DocumentVersion, Chunk, Posting, Vector]


@pytest.fixture
def conversation(alice: User) -> Conversation:
    conversation = Conversation.objects.create(owner=alice)
    _, answer = asking.ask(conversation, "Where do the herons sleep?")
    Message.objects.filter(id=answer.id).update(status="done", text="In the reeds.")
    span = {"start": 0, "end": 1, "focus_start": 0, "focus_end": 1}
    answer.citations.create(number=1, document_name="herons.txt", version=1, text="x", **span)
    return conversation


@pytest.fixture
def collection(alice: User) -> Collection:
    collection = Collection.objects.create(owner=alice, name="Herons")
    facts = {"size": 1, "sha256": "1", "status": "ready", "language": "en", "chunk_count": 1, "term_count": 2}
    document = Document.objects.create(collection=collection, name="herons.txt", **facts)
    DocumentText.objects.create(document=document, text="herons sleep")
    DocumentVersion.objects.create(document=document, text="herons", number=1, size=1, created_at=timezone.now())
    chunk = Chunk.objects.create(
        document=document, collection=collection, start=0, end=12, text="herons sleep", config="english", term_count=2
    )
    for term in ("heron", "sleep"):
        Posting.objects.create(chunk=chunk, collection=collection, term=term, frequency=2, length=2)
    index = EmbeddingIndex.objects.create(model="bge-finch", dimension=2, state="active")
    Vector.objects.create(chunk=chunk, collection=collection, index=index, start=0, end=12, embedding=[1, 0])
    return collection


def counts(user: User, tables: list[type[models.Model]]) -> list[int]:
    """All there is, asked for without any rule."""
    with acting_for(user), connection.cursor() as cursor:
        found = []
        for model in tables:
            cursor.execute(f"SELECT count(*) FROM {model._meta.db_table}")  # noqa: S608
            found.append(cursor.fetchone()[0])
            assert found[-1] == model._default_manager.count()
        return found


NOTHING_SAID, NOTHING_KEPT = [0, 0, 0], [0] * len(KEPT)
ALL_SAID, ALL_KEPT = [1, 2, 1], [1, 1, 1, 1, 1, 2, 1]


def test_what_is_hers_the_owner_reads(alice: User, conversation: Conversation, collection: Collection) -> None:
    assert (counts(alice, SAID), counts(alice, KEPT)) == (ALL_SAID, ALL_KEPT)


def test_a_stranger_gets_nothing_whatever_is_asked(
    bob: User, charlie: User, conversation: Conversation, collection: Collection
) -> None:
    for somebody in (bob, charlie, User()):
        assert (counts(somebody, SAID), counts(somebody, KEPT)) == (NOTHING_SAID, NOTHING_KEPT)


@pytest.mark.parametrize("by_team", [False, True], ids=["to a person", "to a team"])
def test_what_is_shared_is_read_by_whom_it_is_shared_with_until_it_is_taken_back(
    alice: User, bob: User, charlie: User, conversation: Conversation, collection: Collection, by_team: bool
) -> None:
    team = Team.objects.create(name="Board")
    Membership.objects.create(user=bob, team=team)
    to: dict[str, Any] = {"team": team} if by_team else {"user": bob}
    given = CollectionShare.objects.create(collection=collection, **to)
    people, teams = ([], [team]) if by_team else ([bob], [])
    shown = sharing.share(conversation, everyone=False, people=people, teams=teams)
    assert (counts(bob, SAID), counts(bob, KEPT)) == (ALL_SAID, ALL_KEPT)
    assert (counts(charlie, SAID), counts(charlie, KEPT)) == (NOTHING_SAID, NOTHING_KEPT)
    given.delete()
    sharing.take_back(shown)
    assert (counts(bob, SAID), counts(bob, KEPT)) == (NOTHING_SAID, NOTHING_KEPT)


def test_what_everyone_may_read_everyone_reads(charlie: User, conversation: Conversation) -> None:
    sharing.share(conversation, everyone=True, people=[], teams=[])
    assert counts(charlie, SAID) == ALL_SAID
    assert counts(User(), SAID) == NOTHING_SAID


def test_who_is_deactivated_reads_nothing(alice: User, conversation: Conversation, collection: Collection) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert (counts(alice, SAID), counts(alice, KEPT)) == (NOTHING_SAID, NOTHING_KEPT)


def test_a_teams_collection_is_its_members(bob: User, charlie: User, collection: Collection) -> None:
    team = Team.objects.create(name="Board")
    Membership.objects.create(user=bob, team=team)
    Collection.objects.filter(pk=collection.pk).update(owner=None, team=team)
    assert (counts(bob, KEPT), counts(charlie, KEPT)) == (ALL_KEPT, NOTHING_KEPT)


def test_what_is_deleted_or_withdrawn_is_nobodys(
    alice: User, conversation: Conversation, collection: Collection
) -> None:
    conversations.delete(conversation)
    Collection.objects.update(withdrawn=True)
    assert (counts(alice, SAID), counts(alice, KEPT)) == (NOTHING_SAID, NOTHING_KEPT)


def test_a_search_that_forgot_its_rights_finds_nothing_of_others(
    alice: User, charlie: User, collection: Collection
) -> None:
    everything = "SELECT id FROM rag_collection"

    def found(user: User) -> list[str]:
        scope = Scope(user, everything, ())
        (words,), way = begin(["Where do herons sleep?"], None, scope, None)
        search = Search(scope, None, way, Calibration())
        return [one.text for one in finding.find(search, Asked("Where do herons sleep?", words), 5)]

    assert found(alice) == ["herons sleep"]
    assert found(charlie) == []


def test_behind_the_wall_the_index_of_words_is_used(alice: User, collection: Collection) -> None:
    """For both: the operators that compare them are among those that PostgreSQL lets look before the rights."""
    wanted = "SELECT FROM rag_posting WHERE term = 'heron' AND collection_id = ANY (ARRAY[%s]::uuid[])"
    facts = {"chunk": Chunk.objects.get(), "collection": collection, "frequency": 2, "length": 2}
    Posting.objects.bulk_create(Posting(term=f"heron {number}", **facts) for number in range(2_000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE rag_posting")
    with acting_for(alice), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {wanted}", [collection.pk])
        plan = " ".join(row[0] for row in cursor.fetchall())
    _, _, condition = plan.partition("posting_term")[2].partition("Index Cond:")
    assert "term" in condition.partition("Filter:")[0] and "collection_id" in condition.partition("Filter:")[0]


def test_behind_the_wall_nothing_is_written(alice: User, conversation: Conversation) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), acting_for(alice):
        Conversation.objects.update(title="x")
    assert Conversation.objects.get().title != "x"


def state() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user <> session_user, coalesce(current_setting('voliere.person', true), '')")
        return cursor.fetchone()


def test_within_another_transaction_it_ends_with_its_block(alice: User, charlie: User) -> None:
    with transaction.atomic():
        with acting_for(alice):
            with acting_for(charlie):
                assert state() == (True, str(charlie.pk))
            assert state() == (True, str(alice.pk))
        assert state() == (False, "")
        with pytest.raises(ValueError, match="of the code"), acting_for(alice):
            raise ValueError("of the code")
        assert state() == (False, "")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ending", ["well", "by an error", "by an error of the database", "cancelled"])
def test_a_connection_of_the_pool_comes_back_as_nobodys(alice: User, ending: str) -> None:
    def end() -> None:
        with acting_for(alice):
            assert state() == (True, str(alice.pk))
            if ending == "by an error":
                raise ValueError
            if ending == "by an error of the database":
                Conversation.objects.update(title="x")
            if ending == "cancelled":
                raise asyncio.CancelledError

    for _ in range(40):  # more than the pool holds
        with (
            pytest.raises((ValueError, ProgrammingError, asyncio.CancelledError)) if ending != "well" else nullcontext()
        ):
            end()
        assert state() == (False, "")
        connection.close()
        assert state() == (False, "")


@pytest.mark.django_db(transaction=True)
async def test_many_at_once_read_their_own_alone(alice: User, charlie: User, conversation: Conversation) -> None:
    def read(user: User | None) -> int:
        if user is None:
            return Message.objects.count()
        with acting_for(user):
            return Message.objects.count()

    people = [alice, charlie, None] * 40
    found = await asyncio.gather(*(in_database(read, user) for user in people))
    assert found == [{alice: 2, charlie: 0, None: 2}[user] for user in people]


@pytest.mark.parametrize("is_member", [False, True], ids=["not a member of the reader", "a member of it"])
def test_who_owns_the_tables_without_being_superuser_needs_one_grant(
    charlie: User, conversation: Conversation, is_member: bool
) -> None:
    """Without it everything works, and this wall does not stand: `doctor` says so."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE ROLE voliere_plain; GRANT SELECT ON ALL TABLES IN SCHEMA public TO voliere_plain")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in (model._meta.db_table for model in SAID + KEPT):
            cursor.execute(f"ALTER TABLE {table} OWNER TO voliere_plain")
        if is_member:
            cursor.execute(f"GRANT {acting.READER} TO voliere_plain")
        cursor.execute("SET LOCAL SESSION AUTHORIZATION voliere_plain")
        assert acting.wall_stands() == is_member
        with acting_for(charlie):
            assert Message.objects.count() == (0 if is_member else 2)
        assert Message.objects.count() == 2
        cursor.execute("RESET SESSION AUTHORIZATION")
        transaction.set_rollback(True)
