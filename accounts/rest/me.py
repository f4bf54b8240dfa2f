"""Who calls, what they chose for themselves, what is remembered of them, and where they are signed in."""

from typing import Literal

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.http import HttpRequest
from ninja import Status
from pydantic import Field

from accounts import memory, sessions
from accounts.forms import PreferencesForm
from accounts.models import Fact, Membership, User
from accounts.rest.conditions import unchanged
from accounts.rest.forms import filled, valid
from accounts.rest.operations import ANY, SESSION, Operations, found, principal
from accounts.rest.shapes import Flag, Given, Id, Number, Shape, When, left
from accounts.signing_in import person

operations = Operations("me", read=ANY, write="chat")
remembering = Operations("me", read="chat", write="chat")
signed_in = Operations("sessions", read=SESSION, write=SESSION)
operations.add_router("", remembering)
operations.add_router("", signed_in)


class TeamOfMine(Shape):
    id: Number
    name: str = Field(examples=["Board"])
    role: Literal["member", "lead"]

    @classmethod
    def of(cls, row: Membership) -> "TeamOfMine":
        return cls.model_validate({"id": row.team_id, "name": row.team.name, "role": row.role})


class Me(Shape):
    id: Id
    email: str = Field(examples=["alice@example.org"])
    name: str = Field(examples=["Alice"])
    role: Literal["member", "auditor", "admin"]
    teams: list[TeamOfMine]
    scopes: list[str] | None = Field(description="What the key opens; null for a session.", examples=[["chat"]])


class PreferencesShape(Shape):
    name: str = Field(examples=["Alice"])
    language: Literal["", "en", "de"]
    theme: Literal["system", "light", "dark"]
    text_size: Literal[100, 115, 130, 150]
    instructions: str
    whole_answers: Flag
    notifies: Flag
    single_keys: Flag

    @classmethod
    def of(cls, user: User) -> "PreferencesShape":
        return cls(**{name: getattr(user, name) for name in cls.model_fields})


class PreferencesChange(Given):
    name: str = left(max_length=150)
    language: Literal["", "en", "de"] = left()
    theme: Literal["system", "light", "dark"] = left()
    text_size: Literal[100, 115, 130, 150] = left()
    instructions: str = left(max_length=2_000)
    whole_answers: Flag = left()
    notifies: Flag = left()
    single_keys: Flag = left()


class FactShape(Shape):
    id: Id
    text: str = Field(examples=["Works in the house by the lake."])
    created_at: When


class Words(Given):
    text: str = Field(min_length=1, max_length=memory.LONGEST, examples=["Works in the house by the lake."])


class MemoryShape(Shape):
    is_on: Flag
    facts: list[FactShape]


class Switch(Given):
    is_on: Flag


class SessionShape(Shape):
    id: Number
    name: str = Field(examples=["Firefox on Linux"])
    address: str
    since: When
    last_used: When
    is_here: Flag


class Ended(Shape):
    count: int


@operations.get("me", response=Me)
def get_me(request: HttpRequest) -> Me:
    user, scopes = person(request), principal(request).scopes
    memberships = user.membership_set.select_related("team").order_by("team__name")
    teams = [TeamOfMine.of(each) for each in memberships]
    own = None if scopes is None else sorted(scopes)
    known = {name: getattr(user, name) for name in ("id", "email", "name", "role")}
    return Me(**known, teams=teams, scopes=own)


@operations.get("me/preferences", response=PreferencesShape)
def get_preferences(request: HttpRequest) -> PreferencesShape:
    return PreferencesShape.of(person(request))


@operations.patch("me/preferences", response=PreferencesShape)
@transaction.atomic
def change_preferences(request: HttpRequest, body: PreferencesChange) -> PreferencesShape:
    user = User.objects.select_for_update(no_key=True).get(pk=person(request).pk)
    unchanged(request, PreferencesShape.of(user))
    form = valid(PreferencesForm(filled(PreferencesForm(instance=user), **body.given()), instance=user))
    return PreferencesShape.of(form.save())


@remembering.get("me/memory", response=MemoryShape)
def get_memory(request: HttpRequest) -> MemoryShape:
    return _memory(person(request))


@remembering.put("me/memory", response=MemoryShape)
@transaction.atomic
def switch_memory(request: HttpRequest, body: Switch) -> MemoryShape:
    user = User.objects.select_for_update(no_key=True).get(pk=person(request).pk)
    unchanged(request, _memory(user))
    User.objects.filter(pk=user.pk).update(remembers=body.is_on)
    return _memory(User.objects.get(pk=user.pk))


@remembering.delete("me/memory", response={204: None})
def forget_everything(request: HttpRequest) -> Status[None]:
    memory.forget(person(request))
    return Status(204, None)


@remembering.post("me/memory/facts", response={201: FactShape})
def remember_fact(request: HttpRequest, body: Words) -> Status[FactShape]:
    return Status(201, _fact(memory.remember(person(request), body.text)))


@remembering.put("me/memory/facts/{uuid:fact}", response=MemoryShape)
@transaction.atomic
def correct_fact(request: HttpRequest, fact: Id, body: Words) -> MemoryShape:
    """Says it in other words. Corrected into one that is known already, the two become one."""
    user = person(request)
    row = found(user.facts.all(), pk=fact)
    unchanged(request, _memory(user))
    memory.correct(row, body.text)
    return _memory(user)


@remembering.delete("me/memory/facts/{uuid:fact}", response={204: None})
def forget_fact(request: HttpRequest, fact: Id) -> Status[None]:
    memory.forget(person(request), found(person(request).facts.all(), pk=fact).pk)
    return Status(204, None)


@signed_in.get("me/sessions", response=list[SessionShape])
def list_sessions(request: HttpRequest) -> list[SessionShape]:
    shown = sessions.of(person(request), request.session.session_key)
    return [SessionShape(id=each.pk, **{name: getattr(each, name) for name in SHOWN}) for each in shown]


@signed_in.delete("me/sessions", response=Ended)
def end_other_sessions(request: HttpRequest) -> Ended:
    """Signs out everywhere else."""
    return Ended(count=sessions.end_others(person(request), keep=request.session.session_key))


@signed_in.delete("me/sessions/{int:session}", response={204: None})
def end_one_session(request: HttpRequest, session: int) -> Status[None]:
    sessions.end(found(UserSession.objects.filter(user=person(request)), pk=session))
    return Status(204, None)


SHOWN = [name for name in SessionShape.model_fields if name != "id"]


def _fact(fact: Fact) -> FactShape:
    return FactShape(id=fact.pk, text=fact.text, created_at=fact.created_at)


def _memory(user: User) -> MemoryShape:
    return MemoryShape(is_on=user.remembers, facts=[_fact(each) for each in user.facts.all()])
