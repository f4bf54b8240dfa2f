"""Erasing a person, on their own wish or by an admin.

Asked for, the account is closed at once; a worker erases in short transactions, each of which counts what it erased.
Killed anywhere it is taken up again: what is gone is not there to be counted twice, the files that have to go were
noted before the first row went, and the account itself goes last. While a legal hold is on anything of the person's,
nothing is begun, the account stays open, and the wish can be taken back.
"""

import contextlib
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

import accounts.personal_data
from accounts import admins, audit, holds
from accounts.audit import Kind
from accounts.data_protection import LEASE
from accounts.exceptions import ErasureOpen, LastAdmin
from accounts.models import Erasure, User
from config import announcing, personal_data
from rag.models import Collection
from rag.removal import is_named

ERASER = "config.tasks.erase_person"
Heirs = dict[str, str]


def ask(user: User, asked_by: str, heirs: Heirs) -> Erasure:
    """Raises `LastAdmin`, `ErasureOpen`. `code` of what comes back opens its certificate."""
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        if Erasure.objects.filter(subject=user.pk).exclude(state=Erasure.State.DONE).exists():
            raise ErasureOpen
        refuse_last_admin(locked)
        erasure = Erasure(subject=user.pk, asked_by=asked_by, heirs=heirs)
        erasure.draw()
        erasure.save()
        audit.record(Kind.ERASURE_ASKED, erasure, detail=f"of {user.pk}")
        if not is_held(locked):
            _begin(erasure)
    return erasure


def refuse_last_admin(user: User) -> None:
    admins.lock()
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    if user.is_superuser and user.is_active and not others.exists():
        raise LastAdmin


def is_held(user: User) -> bool:
    collections = Collection.objects.filter(owner=user).values("pk")
    return holds.is_held(user=user.pk) or holds.collections().filter(collection__in=collections).exists()


def open_for(user: User) -> Erasure | None:
    return Erasure.objects.filter(subject=user.pk).exclude(state=Erasure.State.DONE).first()


def withdraw(user: User) -> None:
    """As long as it waits."""
    waiting = Erasure.objects.filter(subject=user.pk, state=Erasure.State.WAITING)
    with transaction.atomic():
        if waiting.select_for_update().first():
            waiting.delete()
            audit.record(Kind.ERASURE_WITHDRAWN, user)


def _begin(erasure: Erasure) -> None:
    erasure.state = Erasure.State.RUNNING
    erasure.save(update_fields=["state"])
    if user := User.objects.filter(pk=erasure.subject).first():
        accounts.personal_data.close(user)
    announcing.announce(ERASER, erasure.pk)


def run(pk: str) -> None:
    """To its end, or as far as it comes; nothing when another worker has it."""
    with transaction.atomic():
        due = Erasure.objects.filter(pk=pk, state=Erasure.State.RUNNING, lease_until__lte=timezone.now())
        erasure = due.select_for_update(skip_locked=True).first()
        if erasure is None:
            return
        erasure.lease_until = timezone.now() + LEASE
        erasure.save(update_fields=["lease_until"])
    if user := User.objects.filter(pk=erasure.subject).first():
        if is_held(user):  # since it was begun
            Erasure.objects.filter(pk=pk).update(lease_until=timezone.now())
            return
        personal_data.hand_over(user, erasure.heirs)
        _note_files(erasure, user)
        personal_data.erase(user, lambda what, how_many: _count(erasure.pk, what, how_many))
    _finish(erasure.pk)


def _note_files(erasure: Erasure, user: User) -> None:
    """Before the first row goes: whoever takes this up later finds no row that names them."""
    noted = Erasure.objects.get(pk=erasure.pk).files
    names = sorted({*noted, *personal_data.stored_files(user)})
    Erasure.objects.filter(pk=erasure.pk).update(files=names)


def _count(pk: UUID, what: str, how_many: int) -> None:
    if not how_many:
        return
    erasure = Erasure.objects.select_for_update().get(pk=pk)
    erasure.counts[what] = erasure.counts.get(what, 0) + how_many
    erasure.lease_until = timezone.now() + LEASE
    erasure.save(update_fields=["counts", "lease_until"])


def _finish(pk: UUID) -> None:
    erasure = Erasure.objects.get(pk=pk)
    for name in erasure.files:
        if not is_named(name):  # by what was handed over
            default_storage.delete(name)
    with transaction.atomic():
        erasure = Erasure.objects.select_for_update().get(pk=pk)
        if erasure.state == Erasure.State.DONE:
            return
        erasure.state, erasure.finished_at = Erasure.State.DONE, timezone.now()
        erasure.files, erasure.heirs = [], {}
        erasure.digest = erasure.computed_digest()
        erasure.save()
        audit.record(Kind.ERASED, erasure, detail=f"of {erasure.subject}")


def sweep() -> None:
    """Take up again what was cut off, and begin what no longer has to wait."""
    for erasure in Erasure.objects.filter(state=Erasure.State.RUNNING, lease_until__lte=timezone.now()):
        announcing.announce(ERASER, erasure.pk)
    for erasure in Erasure.objects.filter(state=Erasure.State.WAITING):
        with contextlib.suppress(LastAdmin), transaction.atomic():  # who became one has to stay for now
            locked = Erasure.objects.select_for_update().filter(pk=erasure.pk, state=Erasure.State.WAITING).first()
            user = User.objects.filter(pk=erasure.subject).first()
            if locked and not (user and is_held(user)):
                _begin(locked)


def by_code(code: str) -> Erasure | None:
    return Erasure.objects.filter(code_digest=Erasure.digest_of(code)).first()
