"""Names that stand for more than a model: under `assistant/…` instructions and documents come along.

Who they are comes from outside (config/asgi.py), since the gateway knows neither; whoever calls one is served by their
own rights, scopes and quotas.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from django.utils.translation import gettext as _

from gateway import catalogue
from gateway.callers import Caller, standing
from gateway.exceptions import InvalidRequest
from gateway.grounding import Grounds
from gateway.models import Deployment, Scope

PREFIX = "assistant/"
Body = dict[str, Any]


@dataclass(frozen=True)
class Listed:
    """As `/v1/models` tells of it."""

    name: str  # with the prefix
    title: str
    description: str
    owner: str
    model: str  # public name; empty for the default
    created: int


@dataclass(frozen=True)
class Part:
    """What is asked in an assistant's stead, and what the answer says of it."""

    chat: Body
    caller: Caller
    told: Body
    grounds: Grounds | None = None  # what its collections hold of the question


class Assistants(Protocol):
    async def listed(self, caller: Caller) -> list[Listed]:
        """Those the caller may use."""

    async def play(self, caller: Caller, chat: Body) -> Part:
        """Raises UnknownModel for one that the caller may not use."""


async def offered(assistants: Assistants | None, caller: Caller) -> list[Listed]:
    """Those whose model the caller may call."""
    if assistants is None:
        return []
    known = await standing(caller)
    names = {name for name, each in (await catalogue.current()).offered_to(known) if each.kind == Deployment.Kind.CHAT}
    found = await assistants.listed(caller)
    return [each for each in found if each.name not in names and (each.model in names if each.model else names)]


async def played(assistants: Assistants | None, caller: Caller, chat: Body, *, grounded_by: str = "") -> Part | None:
    """None where the name is a model's; what an assistant is drawn from is not for the request to say, in whichever
    field it does."""
    name = chat["model"]
    if assistants is None or not name.startswith(PREFIX):
        return None
    known = await standing(caller)
    known.allow(Scope.CHAT)
    if name in dict((await catalogue.current()).offered_to(known)):
        return None
    if grounded_by:
        raise InvalidRequest(_("An assistant searches its own collections."), param=grounded_by)
    return await assistants.play(caller, chat)
