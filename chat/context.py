"""All that writing an answer needs from the database, read at once."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from accounts.models import User
from chat.exceptions import AssistantModelGone, CollectionEnded, NoModel, OnlyInHouse, UnknownAssistant
from chat.models import Assistant, Citation, Conversation, Message
from chat.personal import Personal
from chat.prompts import ChatMessage, as_assistant
from gateway.callers import Caller
from gateway.models import ApiKey, Deployment
from rag.models import Collection, CollectionQuerySet


@dataclass(frozen=True)
class Context:
    owner: User
    history: list[ChatMessage]  # ends with the question
    deployment: Deployment
    collections: CollectionQuerySet
    searched: bool
    is_confidential: bool  # something of it, so that all of it stays in the house
    has_attachments: bool  # whose passages are wanted even where they hardly fit: "What is this?"
    instructions: str = ""  # of the project
    personal: Personal = Personal()  # noqa: RUF009  (frozen)
    assistant: Assistant | None = None
    api_key: ApiKey | None = None  # of a script that asked

    @property
    def caller(self) -> Caller:
        return Caller(self.owner, self.api_key, keeps_in_house=self.is_confidential)

    @property
    def question(self) -> str:
        return self.history[-1]["content"]


def load(answer: Message) -> Context:
    """Raises `NoModel` when nothing is connected that could answer, `CollectionEnded`, `OnlyInHouse`,
    `UnknownAssistant`, `AssistantModelGone`."""
    conversation = answer.conversation
    assistant = assistant_of(conversation)
    deployment = deployment_for(conversation, answer.model)
    collections = collections_of(conversation)
    refuse_ended(collections)
    is_confidential = stays_in_house(conversation, collections)
    if is_confidential and not is_offered_in_house(deployment):
        raise OnlyInHouse(deployment.name)
    answer.model = deployment.name
    answer.assistant = assistant.name if assistant else ""
    if not answer.text:  # one that goes on keeps the sources it has
        answer.searched_in = [one.name if not one.is_attachment else "" for one in collections.order_by("name")]
        answer.searched = bool(answer.searched_in)
    personal = Personal.of(conversation.owner, with_memory=True)
    answer.personal = personal.note
    answer.save(update_fields=["model", "assistant", "searched", "searched_in", "personal"])
    return Context(
        owner=conversation.owner,
        history=history_before(answer),
        deployment=deployment,
        collections=collections,
        searched=answer.searched,
        is_confidential=is_confidential,
        has_attachments=collections.filter(is_attachment=True).exists(),
        instructions=conversation.project.instructions if conversation.project else "",
        personal=personal,
        assistant=assistant,
        api_key=answer.asked_with,
    )


def role_of(assistant: Assistant | None) -> str:
    """What it tells the model; empty without one."""
    return as_assistant(assistant.name, assistant.instructions) if assistant else ""


def wishes_of(assistant: Assistant | None) -> dict[str, float]:
    """Fields of the request that it sets."""
    temperature = assistant.temperature if assistant else None
    return {} if temperature is None else {"temperature": temperature}


def assistant_of(conversation: Conversation) -> Assistant | None:
    """As far as the owner may use it now; raises `UnknownAssistant`."""
    if conversation.assistant_id is None:
        return None
    visible = Assistant.objects.visible_to(conversation.owner)
    found: Assistant | None = visible.filter(id=conversation.assistant_id).first()
    if found is None:
        raise UnknownAssistant
    return found


def deployment_for(conversation: Conversation, model: str = "") -> Deployment:
    """The model named, else that of the conversation's assistant, else its own; raises `NoModel`, `UnknownAssistant`,
    `AssistantModelGone`."""
    offered = Deployment.objects.offered_to(conversation.owner, Deployment.Kind.CHAT)
    assistant = None if model else assistant_of(conversation)
    name = model or (assistant.model if assistant else conversation.model)
    deployment = offered.filter(name=name).first() if name else offered.first()
    if deployment is None and assistant and name:
        raise AssistantModelGone(assistant.name, name)
    if deployment is None:
        raise NoModel
    return deployment


def collections_of(conversation: Conversation) -> CollectionQuerySet:
    """Those chosen, the attachments, the project's and the assistant's, as far as the owner may see them now."""
    chosen = Q(id__in=conversation.collections.all()) | Q(id=conversation.attachments_id)
    if project := conversation.project:
        chosen |= Q(id__in=project.collections.all()) | Q(id=project.files_id)
    if conversation.assistant_id:
        assistant = Assistant.objects.visible_to(conversation.owner).filter(id=conversation.assistant_id)
        # not for the one who asks to renew: one that has ended is left out, unless it was chosen
        chosen |= Q(id__in=Collection.objects.valid().filter(assistants__in=assistant).values("id"))
    return Collection.objects.visible_to(conversation.owner).filter(chosen)


def refuse_ended(collections: CollectionQuerySet) -> None:
    if ended := next((each for each in collections if each.has_ended), None):
        raise CollectionEnded(ended.name)


def stays_in_house(conversation: Conversation, collections: CollectionQuerySet | None = None) -> bool:
    """Whether something of it is confidential: what is asked now, what was quoted before, or what it is a copy of."""
    asked = collections_of(conversation) if collections is None else collections
    return conversation.keeps_in_house or asked.confidential().exists() or has_quoted_confidential(conversation)


def is_offered_in_house(deployment: Deployment) -> bool:
    """Whether a call under its name can stay in the house; the gateway sees to it that it does."""
    serving = Deployment.objects.serving(deployment.kind)
    return serving.filter(name=deployment.name, upstream__in_house=True).exists()


def has_quoted_confidential(conversation: Conversation) -> bool:
    """Earlier answers say what their passages said, also when the collection is no longer chosen."""
    confidential = Collection.objects.confidential()
    quoted = Citation.objects.filter(message__conversation=conversation, document__collection__in=confidential)
    return quoted.exists()


def history_before(answer: Message) -> list[ChatMessage]:
    messages = {message.id: message for message in answer.conversation.messages.all()}
    history: list[ChatMessage] = []
    ancestor: UUID | None = answer.parent_id
    while ancestor:
        message = messages[ancestor]
        if message.text:
            history.append({"role": message.role, "content": message.text})
        ancestor = message.parent_id
    return history[::-1]
