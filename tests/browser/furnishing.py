"""A house with somebody in it: one of everything that has a page. Runs inside of the instance; every text of it says
`Wiesengrund`, so that it is told apart from what the pages say."""

from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from django.core.files.base import ContentFile

from accounts import memory
from accounts.models import Membership, Team, User
from chat import asking, conversations, projects, receipts, sharing
from chat.models import Assistant, Conversation, Message, Project, Prompt
from gateway.models import ApiKey, Webhook
from gateway.receipts import Note
from rag.models import Collection, Document, DocumentText
from tests.browser.files import PAGES as HANDBOOK
from tests.browser.files import handbook

NAME = "Haus Wiesengrund"
ANSWER = """Im *Haus Wiesengrund* gilt [1]:

| Wiesengrund | Tage |
|---|--:|
| Wiesengrund Urlaub | 30 |

```python
wiesengrund = 30
```"""

NOTE = Note(
    call=str(uuid4()), kind="chat", purpose="chat", model=NAME, licence="Apache-2.0", openness="weights",
    origin=NAME, size="24B", card="https://wiesengrund.example.org/card", upstream=NAME, in_house=True,
    reached="public", watts=300, status="done", input_tokens=1234, output_tokens=56, estimated=True, cost=1500,
    currency="EUR", energy=1500, queued_ms=400, first_token_ms=900, duration_ms=5400,
)  # fmt: skip
EMBEDDED = Note(
    call=str(uuid4()), kind="embedding", purpose="retrieval", model=NAME, upstream=NAME, in_house=True, place=NAME,
    reached="this machine", status="done",
)  # fmt: skip


def furnish(email: str) -> dict[str, str]:
    """The ids of what it made."""
    user = User.objects.get(email=email)
    team = Team.objects.create(name=NAME, may_create_keys=True)
    Membership.objects.create(user=user, team=team, role=Membership.Role.LEAD)
    User.objects.filter(id=user.id).update(remembers=True)
    user.refresh_from_db()
    memory.remember(user, f"Arbeitet im {NAME}.")
    document = read(Collection.objects.create(owner=user, name=NAME, purpose=f"Regeln für {NAME}"), user)
    project = Project.objects.create(owner=user, name=NAME, instructions=f"Alles über {NAME}.")
    projects.files_of(project)
    conversation = talk(user, document)
    key = ApiKey.create(user, NAME)[0]
    webhook = told(user, document)
    share = sharing.share(conversation, everyone=True, people=[], teams=[])
    asked = Message.objects.filter(conversation=conversation, role=Message.Role.ASSISTANT).get()
    things = {"conversation": conversation.id, "message": asked.id, "number": 1, "asked": asked.parent_id}
    things |= {"project": project.id, "share": share.id, "key": key.pk, "webhook": webhook.pk}
    assistant = Assistant.objects.create(owner=user, name=NAME, instructions=f"Du kennst {NAME}.", model="librarian")
    prompt = Prompt.objects.create(owner=user, title=NAME, text=f"Fasse {{{{was}}}} für {NAME} zusammen.")
    things |= {"assistant": assistant.id, "prompt": prompt.id}
    things |= {"collection": document.collection_id, "document": document.id}
    return {name: str(value) for name, value in things.items()}


def told(user: User, document: Document) -> Webhook:
    webhook = Webhook(user=user, name=NAME, url="https://wiesengrund.example.org/", events=["document.ready"])
    webhook.issue()
    delivery = webhook.deliveries.create(event="document.ready", object_id=str(document.pk), state="failed")
    delivery.attempts.create(reason="outside_error", milliseconds=15_000)
    delivery.attempts.create(status=500, answer="Wiesengrund")
    return webhook


def read(collection: Collection, user: User) -> Document:
    """The handbook, as if a worker had been there."""
    with TemporaryDirectory() as folder:
        content = handbook(Path(folder) / "handbook.pdf").read_bytes()
    document = Document(collection=collection, uploaded_by=user, name=f"{NAME}.pdf", size=len(content))
    document.sha256, document.media_type, document.status = uuid4().hex, "application/pdf", Document.Status.READY
    document.file.save("handbook.pdf", ContentFile(content), save=False)
    document.save()
    starts = [sum(len(page) + 2 for page in HANDBOOK[:number]) for number in range(len(HANDBOOK))]
    DocumentText.objects.create(document=document, text="\n\n".join(HANDBOOK), page_starts=starts, page_kind="page")
    return document


def talk(user: User, document: Document) -> Conversation:
    conversation = Conversation.objects.create(owner=user, title=f"Urlaub im {NAME}", titled=True)
    _, answer = asking.ask(conversation, f"Wie viel Urlaub gibt es im {NAME}?")
    text = document.content.text
    start = text.index("Der Jahresurlaub")
    span = {"start": start, "end": start + 42, "focus_start": start, "focus_end": start + 42}
    answer.citations.create(
        number=1, document=document, document_name=document.name, version=1, page=2, page_kind="page",
        text=text[start : start + 42], **span,
    )  # fmt: skip
    done = {"status": Message.Status.DONE, "text": ANSWER, "model": NAME, "lease_until": None, "searched": True}
    Message.objects.filter(id=answer.id).update(**done, personal={"instructions": True, "facts": 1})
    receipts.keep(answer.id, [NOTE | Note(in_house=False, place=NAME), EMBEDDED])
    conversations.delete(Conversation.objects.create(owner=user, title=NAME))
    return conversation
