"""A person's own copy of everything about them: a ZIP, put together by a worker, kept for seven days.

It goes to the disk piece by piece, and under a name that a second try writes over: killed anywhere, it begins again.
"""

import logging
import tempfile
import zipfile
from datetime import datetime
from typing import IO, cast

from django.core.files import File
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts import audit
from accounts.audit import Kind
from accounts.data_protection import EXPORT_KEPT, LEASE
from accounts.models import DataExport, User
from config import announcing, personal_data

MOST_ATTEMPTS = 5
WRITER = "config.tasks.write_export"

logger = logging.getLogger(__name__)


def begin(user: User) -> DataExport:
    """One at a time: who asks again gets the one that is under way."""
    try:
        with transaction.atomic():
            export = DataExport.objects.create(user=user)
            audit.record(Kind.EXPORTED, user, actor=user, detail="own data")
            announcing.announce(WRITER, export.pk)
            return export
    except IntegrityError:
        return DataExport.objects.get(user=user, state=DataExport.State.WAITING)


def write(pk: str) -> None:
    """Nothing when another worker has it, or it is done."""
    export = _claimed(pk)
    if export is None:
        return
    language = export.user.language or translation.get_language() or "en"
    name = str(export.file.field.generate_filename(export, ""))
    with tempfile.TemporaryFile() as archive, translation.override(language):
        _fill(cast(IO[bytes], archive), export)
        export.file.storage.delete(name)
        export.file.save(name, File(archive), save=False)
    now = timezone.now()
    kept = DataExport.objects.filter(pk=export.pk).update(
        state=DataExport.State.READY, file=name, size=export.file.size, expires_at=now + EXPORT_KEPT
    )
    if not kept:  # the account went meanwhile
        export.file.storage.delete(name)
    for older in DataExport.objects.filter(user=export.user_id).exclude(pk=pk).exclude(state=DataExport.State.WAITING):
        _remove(older)  # one is enough, and takes room enough


def _remove(export: DataExport) -> None:
    export.file.storage.delete(str(export.file.field.generate_filename(export, "")))
    export.delete()


def _claimed(pk: str) -> DataExport | None:
    waiting = DataExport.objects.filter(pk=pk, state=DataExport.State.WAITING)
    with transaction.atomic():
        export = waiting.filter(lease_until__lte=timezone.now()).select_for_update(skip_locked=True).first()
        if export is None:
            return None
        export.attempts += 1
        export.lease_until = timezone.now() + LEASE
        if export.attempts > MOST_ATTEMPTS:
            export.state = DataExport.State.FAILED
        export.save(update_fields=["attempts", "lease_until", "state"])
    return export if export.state == DataExport.State.WAITING else None


def _fill(archive: IO[bytes], export: DataExport) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        readme = render_to_string("data/readme.txt", {"user": export.user, "now": timezone.now()})
        packed.writestr("README.txt", readme)
        for name, pieces in personal_data.export(export.user):
            with packed.open(name, "w", force_zip64=True) as entry:
                for piece in pieces:
                    entry.write(piece)
            _stay(export)


def _stay(export: DataExport) -> None:
    """A big one takes its time."""
    if export.lease_until - timezone.now() < LEASE / 2:
        export.lease_until = timezone.now() + LEASE
        DataExport.objects.filter(pk=export.pk).update(lease_until=export.lease_until)


def sweep() -> None:
    """Forget what is over its time, and find again what was lost."""
    now: datetime = timezone.now()
    for export in DataExport.objects.filter(expires_at__lte=now):
        _remove(export)
    for pk in DataExport.objects.filter(state=DataExport.State.WAITING, lease_until__lte=now).values_list(
        "pk", flat=True
    ):
        announcing.announce(WRITER, pk)
