"""A person with conversations, and a cookie to open them. Import it once Django is set up."""

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection

from accounts.models import User
from chat.models import Conversation, Message
from gateway.models import Deployment, Upstream
from rag.models import Collection, Document

PARAGRAPH = "Die Amsel singt am **Morgen**, und der Star hört ihr zu, bis `beide` müde sind.\n\n- eins\n- zwei\n\n"


def create(upstream_url: str, models: list[str]) -> tuple[User, str]:
    """Returns a person and the cookie of their session."""
    user = User.objects.create_user("bench@example.org", name="Bench")
    upstream = Upstream.objects.create(name="mock", base_url=upstream_url)
    for model in models:
        Deployment.objects.create(upstream=upstream, name=model, model=model, slots=None)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return user, f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def conversations(user: User, count: int) -> list[str]:
    made = Conversation.objects.bulk_create([Conversation(owner=user, title="Bench") for _ in range(count)])
    return [str(conversation.id) for conversation in made]


def begun(user: User, count: int) -> None:
    """So many in which something was asked."""
    for first in range(0, count, 5_000):
        numbers = range(first, min(first + 5_000, count))
        made = Conversation.objects.bulk_create([Conversation(owner=user, title=f"Nr. {n}") for n in numbers])
        Message.objects.bulk_create([Message(conversation=each, role="user", text="Und nun?") for each in made])


def documents(user: User, count: int) -> str:
    """So many that are read, in one collection, whose id it returns."""
    collection = Collection.objects.create(owner=user, name="Bench")
    first = Document.objects.create(collection=collection, uploaded_by=user, name="Nr. 0", size=1, status="ready")
    other = {
        "id": "gen_random_uuid()",
        "name": "'Nr. ' || n",
        "sha256": "md5(n::text)",
        "created_at": "created_at - n * interval '1 minute'",
    }
    columns = [field.column for field in Document._meta.concrete_fields]
    chosen = ", ".join(other.get(column, column) for column in columns)
    copied = (
        f"INSERT INTO rag_document ({', '.join(columns)}) SELECT {chosen} FROM rag_document, generate_series(1, %s) n"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"{copied} WHERE id = %s", [count - 1, first.pk])
    return str(collection.pk)


def conversation_of(user: User, length: int) -> str:
    """One of so many messages; each answer has about half a kilobyte."""
    conversation = Conversation.objects.create(owner=user, title=f"{length} messages")
    parent = None
    for number in range(length):
        role = Message.Role.ASSISTANT if number % 2 else Message.Role.USER
        text = PARAGRAPH * 4 if number % 2 else "Und nun?"
        parent = Message.objects.create(conversation=conversation, parent=parent, role=role, text=text)
    return str(conversation.id)
