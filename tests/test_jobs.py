"""The page of jobs: who works, what waits, and another try for what failed."""

from uuid import uuid4

import pytest
from django.test import Client

from accounts.audit import AuditEvent
from accounts.models import User
from accounts.roles import Role
from config.running import diagnosis
from config.running.exceptions import StartError
from rag.models import Collection, Document
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
PAGE = "/admin/jobs/"
Status = Document.Status


@pytest.fixture(autouse=True)
def _two_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "workers", lambda: 2)


@pytest.fixture
def panel(db: None) -> Client:
    return client_of(User.objects.create_superuser("root@example.org"))


@pytest.fixture
def shelf(alice: User) -> Collection:
    return Collection.objects.create(owner=alice, name="Regeln")


def made(shelf: Collection, name: str, status: str, error: str = "") -> Document:
    fixed = {"size": 1, "sha256": uuid4().hex, "status": status, "error": error}
    return Document.objects.create(collection=shelf, name=name, **fixed)


def test_it_says_who_works_what_waits_and_what_failed(panel: Client, shelf: Collection) -> None:
    made(shelf, "a.pdf", Status.QUEUED), made(shelf, "b.pdf", Status.FAILED, "damaged")
    made(shelf, "c.pdf", Status.READY), made(shelf, "<i>.pdf", Status.CANCELLED)
    page = panel.get(PAGE).text
    for said in ("2 workers answer", "The file is damaged", "b.pdf", "&lt;i&gt;.pdf", "The oldest that waits"):
        assert said in page, said
    assert "c.pdf" not in page and "a.pdf" not in page


def test_one_or_all_are_read_again(panel: Client, shelf: Collection) -> None:
    one, other = (made(shelf, name, Status.FAILED, "damaged") for name in ("a.pdf", "b.pdf"))
    ready = made(shelf, "c.pdf", Status.READY)
    assert "1 document queued" in panel.post(PAGE, {"document": str(one.pk)}, follow=True).text
    assert "1 document queued" in panel.post(PAGE, follow=True).text
    assert "0 documents queued" in panel.post(PAGE, {"document": str(ready.pk)}, follow=True).text
    assert {each.status for each in Document.objects.exclude(pk=ready.pk)} == {Status.QUEUED}
    assert AuditEvent.objects.filter(detail="documents read again: 1").count() == 2
    assert other.pk != one.pk


@pytest.mark.parametrize("which", ["", "x", "1", "0" * 40])
def test_a_made_up_document_is_refused(panel: Client, shelf: Collection, which: str) -> None:
    made(shelf, "a.pdf", Status.FAILED)
    assert panel.post(PAGE, {"document": which}).status_code == 400
    assert Document.objects.get().status == Status.FAILED


def test_that_nobody_works_is_told(panel: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable() -> int:
        raise StartError("away")

    for workers in (lambda: 0, unreachable):
        monkeypatch.setattr(diagnosis, "workers", workers)
        assert "No worker answers" in panel.get(PAGE).text


def test_neither_auditors_nor_members_see_it(alice: User, shelf: Collection) -> None:
    made(shelf, "a.pdf", Status.FAILED)
    for role in (Role.AUDITOR, Role.MEMBER):
        alice.role = role
        alice.save()
        assert client_of(alice).get(PAGE).status_code in (302, 403)
        assert client_of(alice).post(PAGE).status_code in (302, 403)
    assert Document.objects.get().status == Status.FAILED
    assert Client().post(PAGE).status_code == 302


def test_a_long_list_ends(panel: Client, shelf: Collection) -> None:
    for number in range(103):
        made(shelf, f"{number}.pdf", Status.FAILED)
    assert "And 3 more." in panel.get(PAGE).text
