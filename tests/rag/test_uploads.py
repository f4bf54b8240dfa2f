import resource
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts import limits
from accounts.models import Membership, Team, User
from rag import formats, uploads
from rag.exceptions import (
    CollectionNotFound,
    ContentMismatch,
    EmptyFile,
    FileTooLarge,
    OldOrLockedFile,
    StorageFull,
    TooManyUploads,
    TypeNotAllowed,
    UploadRefused,
)
from rag.models import Collection, CollectionShare, Document
from rag.uploads import accept, cleaned_name
from tests.rag.files import GARDEN, pdf, uploaded, word
from tests.rag.parsers.office import open_sheets, open_text, slides, workbook

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 50


def test_an_upload_is_stored_under_a_name_of_ours_and_queued(collection: Collection, alice: User) -> None:
    document = accept(alice, collection, uploaded(name="../../etc/garden.txt"))
    assert document.name == "garden.txt"
    assert document.file.name == f"documents/{document.id.hex[:2]}/{document.id.hex}"
    assert document.file.read().decode() == GARDEN
    assert (document.status, document.size) == (Document.Status.QUEUED, len(GARDEN.encode()))


def test_who_sends_too_many_at_once_is_told_to_wait_and_nobody_else(
    collection: Collection, shared: CollectionShare, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    CollectionShare.objects.update(role=CollectionShare.Role.EDITOR)
    monkeypatch.setattr(limits, "WINDOW", 10**6)  # else a minute may begin anew in between
    monkeypatch.setattr(uploads, "PER_MINUTE", 2)
    for number in range(2):
        accept(alice, collection, uploaded(f"{GARDEN} {number}"))
    with pytest.raises(TooManyUploads):
        accept(alice, collection, uploaded(f"{GARDEN} 3"))
    assert Document.objects.count() == 2
    accept(bob, collection, uploaded(f"{GARDEN} 4"))


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        (pdf([GARDEN]), "a.PDF", "application/pdf"),
        (word(("Normal", GARDEN)), "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"# A", "a.md", "text/markdown"),
        ("Größe".encode("latin-1"), "a.txt", "text/plain"),
        (slides(("Titel", GARDEN)), "a.pptx", formats.PPTX),
        (workbook(Eins=[[1]]), "a.xlsx", formats.XLSX),
        (open_text(("p", GARDEN)), "a.odt", formats.ODT),
        (open_sheets(Eins=[[1]]), "a.ods", formats.ODS),
        (b"a;b", "a.CSV", formats.CSV),
        (b"<p>Hallo", "a.htm", formats.HTML),
        (b"Received: x\nSubject: y\n\nz", "a.eml", formats.EML),
        (b"From anna Mon\nSubject: y\n\nz", "a.eml", formats.EML),
        (PNG, "a.png", formats.PNG),
        (b"\xff\xd8\xff\xe0", "a.jpeg", formats.JPEG),
    ],
)
def test_a_file_is_known_by_its_name_and_content(
    collection: Collection, alice: User, content: bytes, name: str, media_type: str
) -> None:
    assert accept(alice, collection, uploaded(content, name)).media_type == media_type


@pytest.mark.parametrize(
    ("content", "name", "refusal"),
    [
        (b"", "empty.txt", EmptyFile),
        (b"MZ", "program.exe", TypeNotAllowed),
        (b"text", "no-ending", TypeNotAllowed),
        (PNG, "picture.pdf", ContentMismatch),
        (b"only words", "words.pdf", ContentMismatch),
        (b"only words", "words.docx", ContentMismatch),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "locked.docx", OldOrLockedFile),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old.xlsx", OldOrLockedFile),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old.odt", ContentMismatch),
        (word(("Normal", GARDEN)), "words.xlsx", ContentMismatch),
        (workbook(Eins=[[1]]), "cells.odt", ContentMismatch),
        (b"only words", "words.eml", ContentMismatch),
        (PNG, "picture.jpg", ContentMismatch),
        (pdf([GARDEN]), "hidden.txt", ContentMismatch),
    ],
)
def test_what_is_not_wanted_is_refused(
    collection: Collection, alice: User, content: bytes, name: str, refusal: type[UploadRefused]
) -> None:
    with pytest.raises(refusal):
        accept(alice, collection, uploaded(content, name))
    assert not Document.objects.exists()


def test_a_file_above_the_limit_is_refused(collection: Collection, alice: User, settings: Settings) -> None:
    settings.UPLOAD_MAX_BYTES = 100
    accept(alice, collection, uploaded("x" * 100))
    with pytest.raises(FileTooLarge):
        accept(alice, collection, uploaded("x" * 101))


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\anna\\plan.txt", "plan.txt"),
        ('Plan "neu" <b>.txt', "Plan neu b.txt"),
        ("Plan %22neu%22%0D%0A.txt", "Plan neu.txt"),
        ("Anna's 50 % off.txt", "Anna's 50 % off.txt"),
        ("Gar\x00ten\n\u202efdp.txt", "Gartenfdp.txt"),
        ("Sommer 🌻👩‍🌾.pdf", "Sommer 🌻👩‍🌾.pdf"),
        ("U\u0308bung.md", "Übung.md"),
        ("a" * 300 + ".txt", "a" * 196 + ".txt"),
        ("...", ""),
    ],
)
def test_names_are_cleaned(raw: str, clean: str) -> None:
    assert cleaned_name(raw) == clean


def test_the_same_content_is_recognised(collection: Collection, alice: User) -> None:
    first = accept(alice, collection, uploaded())
    second = accept(alice, collection, uploaded(name="other.txt"))
    assert (second.pk, second.already_there, first.already_there) == (first.pk, True, False)


def test_the_same_content_in_another_collection_is_another_document(collection: Collection, alice: User) -> None:
    other = Collection.objects.create(name="Other", owner=alice)
    assert accept(alice, collection, uploaded()).pk != accept(alice, other, uploaded()).pk


def test_content_that_failed_before_is_read_again(collection: Collection, alice: User) -> None:
    first = accept(alice, collection, uploaded())
    Document.objects.update(status=Document.Status.FAILED, error="damaged", attempts=5)
    again = accept(alice, collection, uploaded())
    assert (again.pk, again.status, again.error, again.attempts) == (first.pk, "queued", "", 0)


def test_strangers_and_readers_cannot_add(
    collection: Collection, bob: User, charlie: User, shared: CollectionShare
) -> None:
    for person in (bob, charlie):
        with pytest.raises(CollectionNotFound):
            accept(person, collection, uploaded())


def test_editors_and_members_of_the_team_can_add(collection: Collection, bob: User, shared: CollectionShare) -> None:
    shared.role = CollectionShare.Role.EDITOR
    shared.save()
    accept(bob, collection, uploaded())
    team = Team.objects.create(name="Board")
    Membership.objects.create(user=bob, team=team)
    accept(bob, Collection.objects.create(name="Minutes", team=team), uploaded())


def test_a_deleted_document_takes_its_file_along(
    collection: Collection, alice: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    name = accept(alice, collection, uploaded()).file.name
    assert default_storage.exists(name)
    with django_capture_on_commit_callbacks(execute=True):
        alice.delete()
    assert not default_storage.exists(name)


def test_a_full_disk_is_told_and_keeps_no_part(
    collection: Collection, alice: User, settings: Settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        with pytest.raises(StorageFull):
            accept(alice, collection, uploaded("x" * 100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not Document.objects.exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
