"""What somebody who chooses a model should know of it: where it runs, what it is, how fast, and whether it answers."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from gateway import health, speeds
from gateway.models import Deployment
from gateway.speeds import Speed


class Place(TextChoices):
    IN_HOUSE = "in-house", _("in the house")
    PARTLY = "partly", _("may leave the house")
    OUTSIDE = "outside", _("leaves the house")


class State(TextChoices):
    ANSWERS = "answers", _("answers")
    DOWN = "down", _("does not answer at the moment")
    MISSING = "missing", _("not loaded: its server does not list it")


@dataclass(frozen=True)
class Card:
    deployment: Deployment  # the first that would be asked
    place: Place
    state: State
    speed: Speed | None

    @property
    def name(self) -> str:
        return self.deployment.name


def cards(user: User, kind: str = Deployment.Kind.CHAT) -> list[Card]:
    """Of the models that are offered to the person, in the order in which they are offered."""
    offered = list(Deployment.objects.offered_to(user, kind))
    serving = Deployment.objects.serving(kind).filter(name__in=[each.name for each in offered])
    namesakes: dict[str, list[Deployment]] = defaultdict(list)
    for deployment in serving:
        namesakes[deployment.name].append(deployment)
    speed = speeds.of_chat_models() if offered else {}
    return [
        Card(each, _place(namesakes[each.name]), _state(namesakes[each.name]), speed.get(each.pk)) for each in offered
    ]


def _place(deployments: Iterable[Deployment]) -> Place:
    at_home = {deployment.upstream.in_house for deployment in deployments}
    return Place.PARTLY if len(at_home) > 1 else Place.IN_HOUSE if at_home == {True} else Place.OUTSIDE


def _state(deployments: Iterable[Deployment]) -> State:
    """As good as the best of them."""
    states = [_state_of(deployment) for deployment in deployments]
    return min(states, key=list(State).index, default=State.DOWN)


def _state_of(deployment: Deployment) -> State:
    if deployment.upstream.failures or health.is_cooling(deployment.upstream):
        return State.DOWN
    return State.MISSING if deployment.missing_since else State.ANSWERS
