"""Erasing a person: by themselves or by an admin, whole or not at all, and whatever is killed on the way."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.exceptions import ErasureOpen, LastAdmin
from accounts.models import AuditEvent, Erasure, LegalHold, Membership, Team, User
from chat import asking, sharing
from chat.models import Assistant, Conversation, Prompt
from config import erasing, personal_data, tasks
from gateway.models import ApiKey
from rag.models import Collection, CollectionShare, Document
from tests.conftest import client_of
from tests.privacy import canary
from tests.rag.test_kill import running, wait_until

pytestmark = pytest.mark.django_db
PASSWORD = "sieben kluge Dohlen"


def erased(user: User, by: str = Erasure.Asked.PERSON, heirs: dict[str, str] | None = None) -> Erasure:
    erasure = erasing.ask(user, by, heirs or {})
    tasks.erase_person(str(erasure.pk))
    erasure.refresh_from_db()
    return erasure


def confirm(client: Client) -> Client:
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def choose(client: Client, **heirs: str) -> Client:
    assert client.post("/accounts/data/erase/", heirs)["Location"] == "/accounts/data/erase/confirm/"
    return client


# --- by the pages


def test_a_person_goes_in_two_steps_and_keeps_a_certificate(alice: User) -> None:
    client = client_of(alice)
    html = client.get("/accounts/data/erase/").content.decode()
    assert "This goes" in html and "This stays" in html
    assert client.post("/accounts/data/erase/", {"step": "1"})["Location"] == "/accounts/data/erase/confirm/"
    wrong = client.post("/accounts/data/erase/confirm/", {"email": "bob@example.org"})
    assert "not the email" in wrong.content.decode() and User.objects.filter(pk=alice.pk, is_active=True).exists()
    link = client.post("/accounts/data/erase/confirm/", {"email": " ALICE@example.org "})["Location"]
    assert client.get("/").status_code == 302  # signed out
    page = Client().get(link)
    assert "being erased" in page.content.decode() and page["Clear-Site-Data"] == '"storage"'
    tasks.erase_person(str(Erasure.objects.get().pk))
    said = Client().get(f"{link}?download").content.decode()
    erasure = Erasure.objects.get()
    assert str(erasure.pk) in said and erasure.computed_digest() == erasure.digest and erasure.digest in said
    assert "alice" not in said.lower() and str(alice.pk) not in said
    assert Client().get("/accounts/erased/guessed/").status_code == 404


def test_the_password_is_asked_for_again(alice: User) -> None:
    alice.set_password(PASSWORD)
    alice.save()
    client = Client()
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    asked = client.get("/accounts/data/erase/confirm/")
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    choose(client).post("/accounts/data/erase/confirm/", {"email": alice.email})
    assert not Erasure.objects.exists()
    client.post(asked["Location"], {"password": PASSWORD})
    client.post("/accounts/data/erase/confirm/", {"email": alice.email})
    assert Erasure.objects.get().subject == alice.pk


def test_an_admin_erases_instead_of_deleting(ada: User, alice: User, bob: User) -> None:
    client = client_of(ada)
    address = client.post(reverse("admin:accounts_user_delete", args=[alice.pk]), {"post": "yes"})["Location"]
    assert "reauthenticate" in client.get(address)["Location"]
    confirm(client)
    own = Collection.objects.create(owner=alice, name="Satzung")
    own.shares.create(user=bob, role=CollectionShare.Role.VIEWER)
    assert User.objects.filter(pk=alice.pk).exists() and "Satzung" in client.get(address).content.decode()
    assert "not the email" in client.post(address, {"email": "x"}).content.decode()
    done = client.post(address, {"email": alice.email, f"collection:{own.pk}": f"user:{bob.pk}"})
    tasks.erase_person(str(Erasure.objects.get().pk))
    page = client.get(done["Location"]).content.decode()
    certificate = re.search(r'href="([^"]+/certificate/)"', page)
    assert certificate and "SHA-256" in client.get(certificate[1]).content.decode()
    own.refresh_from_db()
    assert own.owner == bob and not own.shares.exists()


def test_the_first_step_cannot_be_left_out(alices_client: Client) -> None:
    for method in (alices_client.get, alices_client.post):
        assert method("/accounts/data/erase/confirm/", {"email": "alice@example.org"})["Location"].endswith("/erase/")
    assert not Erasure.objects.exists()


def test_a_form_that_names_anybody_is_refused(alice: User, bob: User, charlie: User) -> None:
    own = Collection.objects.create(owner=alice, name="Satzung")
    own.shares.create(user=bob, role=CollectionShare.Role.VIEWER)
    form = {f"collection:{own.pk}": f"user:{charlie.pk}"}
    assert client_of(alice).post("/accounts/data/erase/", form).status_code == 200


@pytest.mark.parametrize("who", ["alice", "auditor"])
def test_nobody_but_an_admin_erases_another(alice: User, bob: User, who: str) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=who == "auditor")
    answer = client_of(User.objects.get(pk=alice.pk)).post(f"/admin/erase/{bob.pk}/", {"email": bob.email})
    assert answer.status_code in (302, 403) and not Erasure.objects.exists()


# --- what goes, what stays


def test_the_account_is_closed_at_once(alice: User) -> None:
    client, (_, secret) = client_of(alice), ApiKey.create(alice, "script")
    erasing.ask(alice, Erasure.Asked.PERSON, {})
    assert client.get("/").status_code == 302
    assert ApiKey.objects.for_digest(ApiKey.digest_of(secret)) is None


def test_the_last_admin_stays(ada: User) -> None:
    with pytest.raises(LastAdmin):
        erasing.ask(ada, Erasure.Asked.PERSON, {})
    client = choose(confirm(client_of(ada)))
    said = client.post("/accounts/data/erase/confirm/", {"email": ada.email}, follow=True).content.decode()
    assert User.objects.filter(pk=ada.pk, is_active=True).exists() and "the only admin" in said


def test_one_erasure_is_enough(alice: User) -> None:
    erasing.ask(alice, Erasure.Asked.PERSON, {})
    with pytest.raises(ErasureOpen):
        erasing.ask(alice, Erasure.Asked.ADMIN, {})


def test_what_others_took_over_is_theirs(alice: User, bob: User) -> None:
    conversation = Conversation.objects.create(owner=alice, title="Futter")
    _, answer = asking.ask(conversation, "Was fressen Meisen?")
    answer.status, answer.text = "done", "Körner."
    answer.save()
    shown = sharing.share(conversation, everyone=False, people=[bob], teams=[])
    taken = sharing.copy(shown, bob)
    erased(alice)
    assert [each.text for each in taken.thread()] == ["Was fressen Meisen?", "Körner."]
    assert not Conversation.objects.filter(pk=conversation.pk).exists()


def test_shared_things_go_to_who_was_named_and_else_they_go(alice: User, bob: User, team: Team) -> None:
    named, other = (Collection.objects.create(owner=alice, name=name) for name in ("Satzung", "Rest"))
    for collection in (named, other):
        collection.shares.create(team=team, role=CollectionShare.Role.VIEWER)
    kept = canary.document(named, alice, "a.txt")
    assistant, prompt = (model.objects.create(owner=alice) for model in (Assistant, Prompt))
    for offered in (assistant, prompt):
        offered.offer(everyone=False, people=[bob], teams=[])
    keys = [each.key for each in personal_data.to_hand_over(alice)]
    assert len(keys) == 4
    erased(alice, heirs={f"collection:{named.pk}": f"team:{team.pk}", f"assistant:{assistant.pk}": f"user:{bob.pk}"})
    named.refresh_from_db()
    assert (named.team, named.owner) == (team, None) and default_storage.exists(kept.file.name)
    assert Assistant.objects.get().owner == bob
    assert not Collection.objects.filter(pk=other.pk).exists() and not Prompt.objects.exists()


@pytest.mark.parametrize("heir", ["user:{charlie}", "team:1", "user:nobody", "", ":", "team:user:x"])
def test_nothing_goes_to_who_it_was_never_shared_with(alice: User, bob: User, charlie: User, heir: str) -> None:
    own = Collection.objects.create(owner=alice, name="Satzung")
    own.shares.create(user=bob, role=CollectionShare.Role.VIEWER)
    erased(alice, heirs={f"collection:{own.pk}": heir.format(charlie=charlie.pk), "nonsense": "x", "file:1": "y"})
    assert not Collection.objects.exists()


def test_nobody_is_handed_the_things_of_another(alice: User, bob: User) -> None:
    of_bob = Collection.objects.create(owner=bob, name="Satzung")
    of_bob.shares.create(user=alice, role=CollectionShare.Role.VIEWER)
    erased(alice, heirs={f"collection:{of_bob.pk}": f"user:{alice.pk}"})
    of_bob.refresh_from_db()
    assert of_bob.owner == bob


# --- killed anywhere


class Killed(BaseException):
    pass


def dying_at(step: int) -> Callable[..., None]:
    counted = erasing._count
    steps = iter(range(1, 1_000))

    def count(*args: object) -> None:
        counted(*args)  # type: ignore[arg-type]
        if next(steps) == step:
            raise Killed

    return count


@pytest.mark.django_db(transaction=True)
def test_killed_at_any_step_it_comes_to_the_same_end(bob: User, team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    whole: dict[str, int] = {}
    for step in [0, 1, 3, 6, 9, 14, 20, 26, 32, 40]:
        Team.objects.all().delete()
        zoe = User.objects.create_user(f"zoe{step}@example.org")
        canary.leave_it_everywhere(zoe, bob, Team.objects.create(name=f"Vorstand {step}"))
        erasure = erasing.ask(zoe, Erasure.Asked.PERSON, {})
        with monkeypatch.context() as patched:
            patched.setattr(erasing, "_count", dying_at(step))
            try:
                erasing.run(str(erasure.pk))
            except Killed:
                Erasure.objects.update(lease_until=timezone.now())
        erasing.run(str(erasure.pk))
        erasure.refresh_from_db()
        whole = whole or erasure.counts
        assert (erasure.state, erasure.counts) == ("done", whole), step
        assert (canary.in_storage(), canary.in_redis()) == ([], []) and canary.in_database() == [], step


ERASE = "import sys, django; django.setup(); from config import erasing; erasing.run(sys.argv[1])"
MANY = 400  # conversations, which take some seconds


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_was_killed_outright_is_followed_by_another(alice: User) -> None:
    made = canary.document(Collection.objects.create(owner=alice, name="Satzung"), alice)
    Conversation.objects.bulk_create(Conversation(owner=alice, title=str(n)) for n in range(MANY))
    erasure = erasing.ask(alice, Erasure.Asked.PERSON, {})
    with running(ERASE, erasure.pk):  # killed where this ends
        wait_until(lambda: Erasure.objects.get().counts.get("conversations", 0) > 20)
    left = Conversation.objects.count()
    assert 0 < left < MANY and User.objects.filter(pk=alice.pk).exists()
    tasks.erase_person(str(erasure.pk))
    assert Conversation.objects.count() == left  # it is another's for as long as its lease runs
    Erasure.objects.update(lease_until=timezone.now())
    tasks.erase_person(str(erasure.pk))
    erasure.refresh_from_db()
    assert (erasure.state, erasure.counts["conversations"], erasure.counts["documents"]) == ("done", MANY, 1)
    assert not default_storage.exists(str(made.file.name)) and not User.objects.filter(pk=alice.pk).exists()


def test_files_go_also_when_it_was_killed_between_row_and_file(alice: User) -> None:
    made = canary.document(Collection.objects.create(owner=alice, name="Satzung"), alice)
    erasure = erasing.ask(alice, Erasure.Asked.PERSON, {})
    erasing._note_files(erasure, alice)
    User.objects.filter(pk=alice.pk).delete()  # all rows are gone, no file is: on_commit was never reached
    assert default_storage.exists(made.file.name)
    tasks.erase_person(str(erasure.pk))
    assert not default_storage.exists(made.file.name) and Erasure.objects.get().state == "done"


def test_the_sweep_finds_what_was_cut_off(
    alice: User, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    sent: list[object] = []
    erasure = erasing.ask(alice, Erasure.Asked.PERSON, {})
    monkeypatch.setattr(erasing.announcing, "_send", lambda task, pk: sent.append(pk))
    Erasure.objects.update(lease_until=timezone.now() + timedelta(minutes=5))
    with django_capture_on_commit_callbacks(execute=True):
        tasks.sweep_personal_data()
    assert sent == []
    Erasure.objects.update(lease_until=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        tasks.sweep_personal_data()
    assert sent == [erasure.pk]


# --- under a legal hold


def test_an_erasure_waits_for_the_end_of_a_hold_and_can_be_taken_back(alice: User, ada: User) -> None:
    hold = LegalHold.objects.create(user=alice, reason="AZ 7")
    client = client_of(alice)
    assert "legal hold" in client.get("/accounts/data/erase/").content.decode()
    choose(client).post("/accounts/data/erase/confirm/", {"email": alice.email})
    html = client.get("/accounts/data/").content.decode()
    assert "is to be erased" in html and "AZ 7" not in html  # she is still here
    tasks.sweep_personal_data()
    tasks.erase_person(str(Erasure.objects.get().pk))
    assert User.objects.filter(pk=alice.pk, is_active=True).exists()
    client.post("/accounts/data/erase/withdraw/")
    assert not Erasure.objects.exists()
    erasing.ask(alice, Erasure.Asked.ADMIN, {})
    hold.delete()
    tasks.sweep_personal_data()
    tasks.erase_person(str(Erasure.objects.get().pk))
    assert not User.objects.filter(pk=alice.pk).exists()


def test_a_hold_on_a_collection_or_a_team_keeps_its_people_too(alice: User, team: Team) -> None:
    own = Collection.objects.create(owner=alice, name="Satzung")
    LegalHold.objects.create(collection=own.pk, reason="AZ 7")
    assert erasing.ask(alice, Erasure.Asked.PERSON, {}).state == "waiting"
    LegalHold.objects.all().delete()
    Membership.objects.create(user=alice, team=team)
    LegalHold.objects.create(team=team, reason="AZ 8")
    assert erasing.is_held(alice)


def test_a_begun_erasure_cannot_be_taken_back(alice: User) -> None:
    erasing.ask(alice, Erasure.Asked.PERSON, {})
    erasing.withdraw(alice)
    assert Erasure.objects.get().state == "running"


def test_it_is_recorded_by_ids_alone(alice: User) -> None:
    erased(alice)
    events = AuditEvent.objects.filter(kind__in=["erasure-asked", "erased"])
    assert {event.detail for event in events} == {f"of {alice.pk}"} and len(events) == 2
    assert not Document.objects.exists()
