"""A person's own copy and the end of an account, by the API."""

import io
import zipfile

import pytest

from accounts.models import Erasure, LegalHold, User
from config import exporting
from tests.rest.conftest import signed_in, with_key
from tests.rest.test_documents import content

pytestmark = pytest.mark.django_db


def test_a_person_gets_their_copy_and_nobody_else_does(alice: User, bob: User) -> None:
    mine = signed_in(alice)
    begun = mine.post("/me/exports")
    assert (begun.status_code, begun.json()["state"]) == (202, "waiting")
    assert mine.post("/me/exports").json()["id"] == begun.json()["id"]  # one at a time
    exporting.write(begun.json()["id"])
    [ready] = mine.get("/me/exports").json()["items"]
    answer = mine.get(f"/me/exports/{ready['id']}/file")
    packed = zipfile.ZipFile(io.BytesIO(content(answer)))
    assert ready["state"] == "ready" and "README.txt" in packed.namelist()
    assert signed_in(bob).get(f"/me/exports/{ready['id']}/file").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_no_key_opens_all_that_is_kept(alice: User) -> None:
    assert with_key(alice).post("/me/exports").status_code == 403


def test_an_admin_erases_and_does_not_merely_delete(admin: User, alice: User) -> None:
    answer = signed_in(admin).post(f"/admin/users/{alice.pk}/erasure")
    assert answer.status_code == 202 and Erasure.objects.get().subject == alice.pk
    assert signed_in(admin).post(f"/admin/users/{alice.pk}/erasure").status_code == 409
    assert not User.objects.get(pk=alice.pk).is_active


def test_who_is_on_hold_waits(admin: User, alice: User) -> None:
    LegalHold.objects.create(user=alice, reason="Verfahren", placed_by=admin)
    assert signed_in(admin).post(f"/admin/users/{alice.pk}/erasure").json()["state"] == "waiting"
    assert User.objects.get(pk=alice.pk).is_active


def test_the_last_admin_stays(admin: User) -> None:
    assert signed_in(admin).post(f"/admin/users/{admin.pk}/erasure").status_code == 409
    assert User.objects.filter(pk=admin.pk).exists()
