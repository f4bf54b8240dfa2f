"""What Voliere remembers of a person: short sentences that they wrote or confirmed themselves, and nothing else."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import holds
from accounts.exceptions import MemoryFull, NotRemembered, OnHold
from accounts.models import Fact, User

MOST = 40  # facts: with each question all of them are sent
LONGEST = 200  # characters


def facts_of(user: User) -> list[str]:
    """Those that a model is given; none while memory is switched off."""
    return list(user.facts.values_list("text", flat=True)) if user.remembers else []


@transaction.atomic
def remember(user: User, text: str) -> Fact:
    """Known already, it is not remembered twice. Raises `NotRemembered`, `MemoryFull`."""
    fact = _checked(text)
    locked = User.objects.select_for_update().get(id=user.id)  # of two requests at once the second one counts anew
    if known := locked.facts.filter(text=fact).first():
        return known
    if not locked.remembers:
        raise NotRemembered(_("Memory is switched off."))
    if locked.facts.count() >= MOST:
        raise MemoryFull
    return Fact.objects.create(user=locked, text=fact)


@transaction.atomic
def correct(fact: Fact, text: str) -> None:
    """Raises `NotRemembered`, `OnHold`. Corrected into one that is known already, the two become one."""
    corrected = _checked(text)
    User.objects.select_for_update().get(id=fact.user_id)
    if Fact.objects.filter(user=fact.user_id, text=corrected).exclude(id=fact.id).exists():
        forget(fact.user, fact.pk)
        return
    Fact.objects.filter(id=fact.id).update(text=corrected)


def forget(user: User, which: UUID | None = None) -> None:
    """One sentence, or all. Raises `OnHold`."""
    if holds.is_held(user=user.pk):
        raise OnHold
    (user.facts.filter(pk=which) if which else user.facts.all()).delete()


def _checked(text: str) -> str:
    line = " ".join(text.replace("\x00", "").split())
    if not line:
        raise NotRemembered(_("Write down what is to be remembered."))
    if len(line) > LONGEST:
        raise NotRemembered(_("At most %(longest)s characters can be remembered at once.") % {"longest": LONGEST})
    return line
