"""People as CSV: what would change is shown first, then all of it is done or nothing."""

import re
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation

from accounts import spreadsheets
from accounts.audit import AuditEvent, Kind
from accounts.exceptions import TableUnreadable
from accounts.models import Invitation, Membership, Team, User
from accounts.roles import Role
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
USERS = "/admin/accounts/user/"
IMPORT = USERS + "import/"
HEAD = "email,name,role,active,teams\n"


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root@example.org", name="Root")


@pytest.fixture
def panel(root: User) -> Client:
    return client_of(root)


@pytest.fixture
def team(db: None) -> Team:
    return Team.objects.create(name="Fundraising")


def shown(panel: Client, content: str | bytes, address: str = IMPORT) -> str:
    raw = content.encode() if isinstance(content, str) else content
    response = panel.post(address, {"file": SimpleUploadedFile("people.csv", raw)})
    assert response.status_code == 200
    return str(response.text)


def confirmed(panel: Client, page: str, address: str = IMPORT) -> str:
    text = re.search(r'<textarea name="text" hidden>\n(.*?)</textarea>', page, re.DOTALL)
    digest = re.search(r'name="digest" value="(\w+)"', page)
    assert text and digest, page
    return str(panel.post(address, {"text": unescape(text[1]), "digest": digest[1]}, follow=True).text)


def test_what_is_shown_is_done_and_recorded(panel: Client, alice: User, bob: User, team: Team) -> None:
    Membership.objects.create(user=bob, team=team)
    table = HEAD + "alice@example.org,Alicia,auditor,yes,Fundraising:lead\nBOB@example.org,Bob,member,no,\n"
    page = shown(panel, table)
    for said in ("name: Alice → Alicia", "role: Member → Auditor", "joins Fundraising as: Lead", "is deactivated",
                 "leaves Fundraising"):  # fmt: skip
        assert said in page, said
    alice.refresh_from_db()
    assert alice.name == "Alice"  # so far nothing
    assert "2 rows were imported" in confirmed(panel, page)
    alice.refresh_from_db(), bob.refresh_from_db()
    assert (alice.name, alice.role, alice.membership_set.get().role) == ("Alicia", Role.AUDITOR, "lead")
    assert not bob.is_active and not bob.teams.exists()
    kinds = set(AuditEvent.objects.values_list("kind", flat=True))
    assert kinds >= {Kind.PERSON_CHANGED, Kind.ROLE_CHANGED, Kind.MEMBER_JOINED, Kind.MEMBER_LEFT,
                     Kind.PERSON_DEACTIVATED}  # fmt: skip


def test_who_is_new_gets_an_invitation_and_no_account(panel: Client, team: Team) -> None:
    page = shown(panel, HEAD + "neu@example.org,,member,,Fundraising\n")
    assert "is invited as: Member" in page and not Invitation.objects.exists()
    page = confirmed(panel, page)
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.team) == ("neu@example.org", team)
    assert re.search(r"/accounts/invitation/[\w-]{40,}/", page) and not User.objects.filter(email__startswith="neu")


def test_the_download_is_a_file_that_changes_nothing(panel: Client, alice: User, team: Team) -> None:
    User.objects.filter(pk=alice.pk).update(name="=cmd|'/c calc'!A1")
    Membership.objects.create(user=alice, team=team, role="lead")
    for language, first in (("en", "email,name"), ("de", "email;name")):
        response = panel.get(USERS + "export/", headers={"accept-language": language})
        text = response.content.decode()
        assert text.startswith("\ufeff" + first) and "'=cmd" in text and "password" not in text and "argon2" not in text
        page = shown(panel, response.content)
        assert "2 rows say what is there already." in page and "Nothing is to be done." in page


@pytest.mark.parametrize(
    "raw",
    [
        "email;name\nalice@example.org;Jörg\n".encode(),
        "email;name\nalice@example.org;Jörg\n".encode("utf-8-sig"),
        "email;name\r\nalice@example.org;Jörg\r\n".encode("cp1252"),
        "email,name\nalice@example.org,Jörg\n".encode("utf-16"),
        "email\tname\nalice@example.org\tJörg\n".encode(),
        "email;name;;\nalice@example.org;Jörg;;\n;;;\n".encode(),
        ' EMAIL ;"Name"\n"alice@example.org";" Jörg "\n'.encode(),
        "email;name\ralice@example.org;Jörg\r".encode(),
    ],
)
def test_files_of_every_usual_kind_are_read(panel: Client, alice: User, raw: bytes) -> None:
    assert "name: Alice → Jörg" in shown(panel, raw)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("alice@example.org,A", "2 cells instead of 5"),
        ("alice@example.org,A,member,yes,,,x", "7 cells instead of 5"),
        ("alice,A,member,yes,", "no e-mail address"),
        (",A,member,yes,", "no e-mail address"),
        ("alice@example.org,A,king,yes,", "a role that there is not: king"),
        ("alice@example.org,A,member,perhaps,", "neither yes nor no: perhaps"),
        ("alice@example.org,A,member,yes,Nowhere", "a team that is not there: Nowhere"),
        (f"alice@example.org,{'x' * 151},member,yes,", "more than 150 characters"),
        ("alice@example.org,A\x07,member,yes,", "cannot be printed"),
        ("new@example.org,A,member,no,", "cannot be inactive"),
        ("new@example.org,A,member,yes,Fundraising|Kasse", "one team at most"),
        ("Alice@example.org,B,member,yes,\nalice@example.org,A,member,yes,", "the same person as row 3"),
    ],
)
def test_one_wrong_row_holds_back_all_and_is_told(panel: Client, alice: User, team: Team, row: str, said: str) -> None:
    Team.objects.create(name="Kasse")
    page = shown(panel, f"{HEAD}root@example.org,Neuer Name,admin,yes,\n{row}\n")
    assert said in page and "Import all of it" not in page
    assert User.objects.get(email="root@example.org").name == "Root"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "The submitted file is empty"),
        (b"\n\n", "are missing: email"),
        (b"name\nx\n", "are missing: email"),
        (b"email,password\nalice@example.org,geheim\n", "not known here: password"),
        (b"email,email\na,b\n", "twice"),
        (b"email,name\n", "no rows"),
        (b'email,name\n"a,b\n', "opened and not closed"),
        (b"%PDF-1.7\n\x00\x01\x02", "no table as text"),
        ("email\nalice@example.org\n".encode("utf-16-le"), "no table as text"),
        (b"PK\x03\x04\x00\x00", "no table as text"),
        (b"email\n" + b"x" * 10_000_000, "larger than one megabyte"),
        (b"email\n" + b"a@example.org\n" * 5001, "more than 5000 rows"),
    ],
)
def test_what_is_no_such_table_is_refused_in_words(panel: Client, raw: bytes, said: str) -> None:
    assert said in shown(panel, raw)


def test_a_huge_cell_is_refused(panel: Client) -> None:
    assert "Import all of it" not in shown(panel, "email,name\nroot@example.org," + "x" * 200_000)


def test_the_last_admin_stays(panel: Client, root: User) -> None:
    for row in ("root@example.org,Root,member,yes,", "root@example.org,Root,admin,no,"):
        page = shown(panel, HEAD + row)
        assert "This is the only admin." in page and "Import all of it" not in page
    other = User.objects.create_superuser("bea@example.org")
    page = shown(panel, HEAD + "root@example.org,Root,member,yes,")
    other.delete()  # between looking and doing
    assert "This is the only admin." in confirmed(panel, page)
    root.refresh_from_db()
    assert root.role == Role.ADMIN


def test_what_changed_since_it_was_shown_is_shown_again(panel: Client, alice: User) -> None:
    page = shown(panel, "email,name\nalice@example.org,Alicia\n")
    User.objects.filter(pk=alice.pk).update(name="Alex")
    page = confirmed(panel, page)
    assert "Something was changed meanwhile" in page and "name: Alex → Alicia" in page
    confirmed(panel, page)
    alice.refresh_from_db()
    assert alice.name == "Alicia"


def test_sent_twice_it_is_done_once(panel: Client) -> None:
    page = shown(panel, "email\nneu@example.org\n")
    confirmed(panel, page)
    assert "Something was changed meanwhile" in confirmed(panel, page)
    assert "Nothing is to be done." in shown(panel, "email\nneu@example.org\n")
    assert Invitation.objects.count() == 1


def test_columns_that_are_not_there_stay_as_they_are(panel: Client, alice: User, team: Team) -> None:
    Membership.objects.create(user=alice, team=team)
    confirmed(panel, shown(panel, "email,name\nalice@example.org,Alicia\n"))
    alice.refresh_from_db()
    assert (alice.name, alice.teams.count()) == ("Alicia", 1)


@pytest.mark.parametrize("text", ["", "x", "email\n", "\0", "email,name\nroot@example.org,X\n"])
def test_a_made_up_confirmation_changes_nothing(panel: Client, root: User, text: str) -> None:
    response = panel.post(IMPORT, {"text": text, "digest": "0"})
    root.refresh_from_db()
    assert response.status_code == 200 and root.name == "Root"


def test_nobody_else_exports_or_imports(alice: User) -> None:
    for role in (Role.MEMBER, Role.AUDITOR):
        alice.role = role
        alice.save()
        client = client_of(alice)
        file = {"file": SimpleUploadedFile("x.csv", b"email\nx@example.org\n")}
        assert client.get(USERS + "export/").status_code in (302, 403)
        assert client.post(IMPORT, file).status_code in (302, 403)
        assert client.post(IMPORT, {"text": "email\nx@example.org\n", "digest": ""}).status_code in (302, 403)
    assert not Invitation.objects.exists()


def test_hostile_names_are_text(panel: Client, alice: User) -> None:
    page = shown(panel, "email,name\nalice@example.org,<script>alert(1)</script>\n")
    assert "<script>alert(1)" not in page and "&lt;script&gt;" in page
    page = shown(panel, "email,name\nalice@example.org,</textarea><script>alert(1)</script>\n")
    assert "</textarea><script>" not in page


def test_the_reader_alone_refuses_what_the_page_refuses() -> None:
    with pytest.raises(TableUnreadable):
        spreadsheets.decoded(b"x" * (spreadsheets.LARGEST + 1))


def test_roles_are_read_in_both_languages(panel: Client, alice: User) -> None:
    with translation.override("de"):
        german = str(Role.AUDITOR.label)
    file = SimpleUploadedFile("x.csv", f"email;role\nalice@example.org;{german}\n".encode())
    page = panel.post(IMPORT, {"file": file}, headers={"accept-language": "de"}).text
    assert f"→ {german}" in page
