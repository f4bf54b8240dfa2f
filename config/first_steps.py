"""The guide above the panel's first page: what a new house needs, in the order in which it is best done.

A step is done when what it leads to is there, whoever made it and wherever. Whoever wants the guide away puts it away,
for themselves.
"""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

import accounts.first_steps
import gateway.first_steps
import rag.first_steps
from accounts import roles
from accounts.first_steps import Step
from accounts.models import User
from accounts.roles import May
from accounts.signing_in import person

ORDER = ("connect", "try", "team", "quota", "upload", "invite")


@dataclass(frozen=True)
class Guide:
    steps: list[Step]
    is_hidden: bool

    @property
    def done(self) -> int:
        return sum(step.is_done for step in self.steps)

    @property
    def next(self) -> Step | None:
        return next((step for step in self.steps if not step.is_done), None)


def guide(request: HttpRequest) -> Guide | None:
    """None for who may not take the steps, and when all are done."""
    user = request.user
    if not isinstance(user, User) or not roles.may(user, May.CHANGE_SETTINGS):
        return None
    found = Guide(steps(user), user.steps_put_away)
    return found if found.next else None


def steps(user: User) -> list[Step]:
    offered = {
        **accounts.first_steps.steps(user),
        **gateway.first_steps.steps(user),
        **rag.first_steps.steps(user),
    }
    return [offered[name] for name in ORDER]


@require_POST
def put_away(request: HttpRequest) -> HttpResponse:
    """Or bring back."""
    User.objects.filter(pk=person(request).pk).update(steps_put_away="show" not in request.POST)
    return redirect("admin:index")
