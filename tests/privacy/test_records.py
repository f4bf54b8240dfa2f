"""The records of processing say what is configured at this moment, in both languages, to those who may see it."""

import zipfile
from io import BytesIO

import pytest

from accounts.models import Controller, RetentionRule, User
from gateway.models import Upstream
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
EVIL = "Verein <script>alert(1)</script> | *e.V.* \x07"


def text_of(user: User, ending: str = "md", language: str = "en") -> str:
    answer = client_of(user).get(f"/admin/records/{ending}/?language={language}")
    assert answer.status_code == 200
    if ending == "odt":
        return zipfile.ZipFile(BytesIO(answer.content)).read("content.xml").decode()
    return str(answer.content.decode())


def test_they_follow_the_configuration(ada: User) -> None:
    assert "Far away" not in text_of(ada) and "nobody outside of the house" in text_of(ada)
    Upstream.objects.create(name="Far away", base_url="https://llm.example.com/v1", place="Frankfurt", is_active=True)
    RetentionRule.objects.create(kind="conversations", days=77)
    said = text_of(ada)
    assert "Far away (Frankfurt)" in said and "77 days" in said


@pytest.mark.parametrize("ending", ["md", "odt"])
def test_they_come_in_both_languages(ada: User, ending: str) -> None:
    assert "Records of processing activities" in text_of(ada, ending)
    assert "Verzeichnis von Verarbeitungstätigkeiten" in text_of(ada, ending, "de")


def test_what_an_admin_fills_in_is_text_and_no_markup(ada: User) -> None:
    Controller.objects.create(name=EVIL, remarks=EVIL)
    assert "<script>" not in client_of(ada).get("/admin/records/").content.decode()
    assert r"\<script\>alert(1)\</script\> \| \*e.V.\*" in text_of(ada)
    assert "&lt;script&gt;" in text_of(ada, "odt") and "\x07" not in text_of(ada, "odt")


def test_the_controller_is_filled_in_and_recorded(ada: User) -> None:
    client = client_of(ada)
    client.get("/admin/accounts/controller/")
    form = {"name": "Vogelhilfe e.V.", "address": "Am See 1\n12345 Ort", "contact": "a@example.org"}
    assert client.post("/admin/accounts/controller/1/change/", form)["Location"] == "/admin/records/"
    assert "Am See 1 · 12345 Ort" in client.get("/admin/records/").content.decode()


def test_an_auditor_reads_them_and_a_member_does_not(alice: User) -> None:
    assert client_of(alice).get("/admin/records/md/").status_code == 302
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    auditor = client_of(User.objects.get(pk=alice.pk))
    assert auditor.get("/admin/records/").status_code == 200
    assert auditor.get("/admin/records/md/?language=xx").status_code == 404
    assert auditor.get("/admin/records/exe/").status_code == 404
