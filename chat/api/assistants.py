"""Assistants as models under /v1: the way by which the gateway comes to them."""

from dataclasses import dataclass
from typing import Any

from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext as _

from chat.models import Assistant
from chat.prompts import as_assistant, system_message
from gateway.assistants import PREFIX, Listed, Part
from gateway.callers import Caller, standing
from gateway.database import in_database
from gateway.exceptions import BooksUnavailable, UnknownModel
from gateway.grounding import led_by, question_of
from gateway.models import Deployment, Scope
from rag.api.endpoints import told
from rag.api.searches import USUAL_FOR_ANSWER, drawn_from
from rag.models import Collection
from rag.store_search import Asked

Body = dict[str, Any]


@dataclass(frozen=True)
class _Cast:
    assistant: Assistant
    collections: list[Collection]
    left_out: int


class OwnAssistants:
    async def listed(self, caller: Caller) -> list[Listed]:
        try:
            return await in_database(_listed, caller)
        except (OperationalError, InterfaceError) as error:
            raise BooksUnavailable from error

    async def play(self, caller: Caller, chat: Body) -> Part:
        with told("model"):
            cast = await in_database(_cast, caller, chat["model"])
        assistant = cast.assistant
        about: Body = {"id": assistant.public_name, "name": assistant.name, "collections_left_out": cast.left_out}
        prompt, beside = as_assistant(assistant.name, assistant.instructions), {"x_assistant": about}
        question = question_of(chat["messages"])
        system, grounds = system_message([], searched=False, role=prompt)["content"], None
        if cast.collections and question:
            (await standing(caller)).allow(Scope.DOCUMENTS_READ)
            with told("model"):
                grounds = await drawn_from(caller, question, Asked(cast.collections, USUAL_FOR_ANSWER))
            system, caller = f"{system}\n\n{grounds.prompt}", grounds.caller
        return Part(_asked(chat, assistant, system), caller, beside, grounds)


def _asked(chat: Body, assistant: Assistant, system: str) -> Body:
    """What the request says counts more than what the assistant sets."""
    wishes = {} if assistant.temperature is None else {"temperature": assistant.temperature}
    return {**wishes, **chat, "model": assistant.model, "messages": led_by(system, chat["messages"])}


def _listed(caller: Caller) -> list[Listed]:
    visible = Assistant.objects.visible_to(caller.user).select_related("owner")
    return [
        Listed(
            each.public_name, each.name, each.description, str(each.owner), each.model, int(each.created_at.timestamp())
        )
        for each in visible
    ]


def _cast(caller: Caller, name: str) -> _Cast:
    slug = name.removeprefix(PREFIX)
    found: Assistant | None = None
    if "\x00" not in slug:
        found = Assistant.objects.visible_to(caller.user).filter(slug=slug).first()
    if found is None:
        raise UnknownModel(param="model")
    offered = Deployment.objects.serving(Deployment.Kind.CHAT)
    if found.model and not offered.filter(name=found.model).exists():
        raise UnknownModel(_("The model of this assistant is no longer available."), param="model")
    collections = list(found.collections_for(caller.user))
    return _Cast(found, collections, found.collections.count() - len(collections))
