"""A person's conversations and all that they wrote beside them (see `accounts.belongings`).

What others took over into conversations of their own is theirs and stays. What their answers quote from the person's
documents goes, and so do the names of the person's collections and assistants in them.
"""

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import Kind, record
from accounts.belongings import Count, Heirloom, Part, fields, json_file
from accounts.models import User
from accounts.personal_data import forget_in_panel
from chat.exporting import own_format
from chat.exporting.content import all_of
from chat.models import Assistant, Citation, Conversation, Message, Project, Prompt, Share
from rag.models import Collection
from rag.personal_data import erase_collection

NOTHING = "–"  # stands where a name stood
OPINION = ("id", "opinion", "opinion_reason", "opinion_text")
PROMPT = ("title", "text", "everyone", "created_at", "updated_at")
ASSISTANT = ("name", "description", "instructions", "model", "temperature", "starters", "everyone", "created_at",
             "updated_at")  # fmt: skip
OFFERED: dict[str, tuple[Any, tuple[str, ...]]] = {"assistant": (Assistant, ASSISTANT), "prompt": (Prompt, PROMPT)}


def export(user: User) -> Iterator[Part]:
    conversations = all_of(Conversation.objects.visible_to(user).begun())
    yield "conversations.json", (piece.encode() for piece in own_format.pieces(conversations))
    judged = Message.objects.filter(conversation__owner=user).exclude(opinion="")
    yield json_file("opinions", judged.values(*OPINION).iterator(chunk_size=1_000))
    thought = Message.objects.filter(conversation__owner=user).exclude(reasoning="").values("id", "reasoning")
    yield json_file("reasoning", thought.iterator(chunk_size=100))
    yield json_file("projects", Project.objects.filter(owner=user).values("name", "instructions", "created_at"))
    for kind, (model, names) in OFFERED.items():
        rows = model.objects.filter(owner=user).prefetch_related("people", "teams")
        yield json_file(f"{kind}s", ({**fields(row, *names), **_audience(row)} for row in rows))
    shares = Share.objects.filter(conversation__owner=user).prefetch_related("people", "teams")
    shown = ("title", "conversation_id", "everyone", "updated_at")
    yield json_file("shares", ({**fields(row, *shown), **_audience(row)} for row in shares))


def _audience(row: Any) -> dict[str, list[str]]:
    return {"people": [each.email for each in row.people.all()], "teams": [each.name for each in row.teams.all()]}


def to_hand_over(user: User) -> list[Heirloom]:
    return [
        heirloom
        for kind, (model, _names) in OFFERED.items()
        for row in model.objects.filter(owner=user).prefetch_related("people", "teams")
        if (heirloom := _heirloom(kind, row)).heirs
    ]


def _heirloom(kind: str, row: Any) -> Heirloom:
    """The people it is offered to by name, and who leads the teams that it is offered to."""
    leads = User.objects.filter(membership__team__in=row.teams.all(), membership__role="lead", is_active=True)
    people = {each.pk: each for each in [*row.people.filter(is_active=True), *leads] if each.pk != row.owner_id}
    label = _("Assistant “%(name)s”") if kind == "assistant" else _("Prompt “%(name)s”")
    heirs = [(f"user:{pk}", str(each)) for pk, each in people.items()]
    return Heirloom(kind, str(row.pk), label % {"name": row}, heirs)


def hand_over(user: User, kind: str, pk: str, heir: str) -> None:
    """To one of those it is offered to; else it goes. Collections of an assistant stay as visible as they are."""
    if kind not in OFFERED:
        return
    with transaction.atomic():
        row = OFFERED[kind][0].objects.select_for_update().filter(pk=pk, owner=user).first()
        if row is None or heir not in dict(_heirloom(kind, row).heirs):
            return
        row.owner_id = heir.removeprefix("user:")
        row.save(update_fields=["owner"])
        row.people.remove(row.owner_id)
        record(Kind.HANDED_OVER, row, detail=heir)


def erase(user: User, count: Count) -> None:
    for conversation in Conversation.objects.filter(owner=user).select_related("attachments"):
        with transaction.atomic():
            _erase_conversation(conversation, count)
    for project in Project.objects.filter(owner=user):
        with transaction.atomic():
            count("projects", 1)
            project.delete()
    for kind, (model, _names) in OFFERED.items():
        for row in model.objects.filter(owner=user):
            with transaction.atomic():
                _forget_name(row)
                forget_in_panel(row.pk)
                count(f"{kind}s", 1)
                row.delete()
    with transaction.atomic():
        _forget_quotations(user, count)


def _erase_conversation(conversation: Conversation, count: Count) -> None:
    messages = Message.objects.filter(conversation=conversation)
    count("conversations", 1)
    count("messages", messages.count())
    count("citations", Citation.objects.filter(message__in=messages).count())
    count("shares", Share.objects.filter(conversation=conversation).count())
    attached = conversation.attachments
    conversation.delete()
    if attached:
        erase_collection(attached, count)


def _forget_name(row: Any) -> None:
    """In what others asked it; another assistant of that name keeps its own."""
    if isinstance(row, Assistant) and not Assistant.objects.filter(name=row.name).exclude(owner=row.owner_id).exists():
        Message.objects.filter(assistant=row.name).exclude(conversation__owner=row.owner_id).update(assistant=NOTHING)


def _forget_quotations(user: User, count: Count) -> None:
    own = Collection.objects.filter(owner=user)
    quoted = Citation.objects.filter(document__collection__in=own).exclude(document_name=NOTHING, text="")
    blank = {"document_name": NOTHING, "text": "", "page_label": ""}
    count("quotations in answers of others", quoted.update(**blank))
    for name in own.filter(is_attachment=False).values_list("name", flat=True):
        for message in Message.objects.filter(searched_in__contains=[name]).only("searched_in"):
            kept = [NOTHING if each == name else each for each in message.searched_in]
            Message.objects.filter(pk=message.pk).update(searched_in=kept)
