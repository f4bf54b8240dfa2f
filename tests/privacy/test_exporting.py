"""One's own copy: everything, for nobody else, not for longer than said, and whatever is killed on the way."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.test import AsyncClient, Client
from django.utils import timezone
from django.utils.translation import override

from accounts.models import AuditEvent, DataExport, User
from chat import asking
from chat.models import Conversation
from config import exporting, tasks
from gateway.models import ApiKey, Quota
from rag.models import Collection
from tests.conftest import BACKEND, client_of
from tests.privacy import canary

pytestmark = pytest.mark.django_db


def made(user: User) -> DataExport:
    export = exporting.begin(user)
    tasks.write_export(str(export.pk))
    export.refresh_from_db()
    return export


def unpacked(export: DataExport) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(export.file.open("rb").read()))


def test_it_holds_one_persons_data_and_not_anothers(alice: User, bob: User) -> None:
    for user, text in ((alice, "Meisen"), (bob, "Krähen")):
        asking.ask(Conversation.objects.create(owner=user, title=text), text)
        canary.document(Collection.objects.create(owner=user, name=text), user, f"{text}.txt")
    packed = unpacked(made(alice))
    whole = b"".join(packed.read(name) for name in packed.namelist()).decode()
    names = " ".join(packed.namelist())
    assert "Meisen" in whole and "Krähen" not in whole and "Meisen.txt" in names and "Krähen.txt" not in names
    assert all(json.loads(packed.read(name)) is not None for name in packed.namelist() if name.endswith(".json"))


def test_it_holds_no_secret(alice: User) -> None:
    alice.set_password("sieben kluge Dohlen")
    alice.save()
    key, secret = ApiKey.create(alice, "script")
    packed = unpacked(made(alice))
    whole = b"".join(packed.read(name) for name in packed.namelist()).decode()
    assert "script" in whole and not [word for word in (secret, key.digest, "argon2") if word in whole]


def test_it_tells_what_a_quota_counts_now(alice: User) -> None:
    over = timezone.now() - timedelta(days=2)
    Quota.objects.create(user=alice, limit=10, used=9, period="day", period_start=over)
    [quota] = json.loads(unpacked(made(alice)).read("quotas.json"))
    assert quota == {"unit": "tokens", "limit": 10, "period": "day", "used": 0}


def test_the_first_thing_in_it_is_said_in_the_persons_language(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(language="de")
    alice.refresh_from_db()
    with override("en"):
        assert "Daten von Alice" in unpacked(made(alice)).read("README.txt").decode()


def test_who_asks_twice_gets_one(alices_client: Client, alice: User) -> None:
    for _ in range(2):
        assert alices_client.post("/accounts/data/export/").status_code == 302
    assert DataExport.objects.filter(user=alice).count() == 1
    assert "being put together" in alices_client.get("/accounts/data/").content.decode()


def test_one_that_was_killed_is_made_again_and_leaves_nothing_behind(alice: User) -> None:
    export = exporting.begin(alice)
    DataExport.objects.update(attempts=1, lease_until=timezone.now() + timedelta(minutes=9))  # a worker has it
    default_storage.save(f"exports/{export.pk.hex}", io.BytesIO(b"half of it"))  # type: ignore[arg-type]
    tasks.write_export(str(export.pk))
    assert DataExport.objects.get().state == "waiting"
    DataExport.objects.update(lease_until=timezone.now())
    tasks.write_export(str(export.pk))
    again = DataExport.objects.get()
    assert again.state == "ready" and unpacked(again).testzip() is None
    assert [name for name in default_storage.listdir("exports")[1] if again.pk.hex in name] == [again.pk.hex]


def test_a_new_one_takes_the_place_of_the_last(alice: User) -> None:
    first, second = made(alice), made(alice)
    assert DataExport.objects.get() == second and not default_storage.exists(first.file.name)


def test_one_that_never_comes_to_an_end_says_so(alices_client: Client, alice: User) -> None:
    export = exporting.begin(alice)
    DataExport.objects.update(attempts=exporting.MOST_ATTEMPTS)
    tasks.write_export(str(export.pk))
    html = alices_client.get("/accounts/data/").content.decode()
    assert "could not be put together" in html and "Make a copy" in html


def test_after_seven_days_it_is_gone(alices_client: Client, alice: User) -> None:
    export = made(alice)
    address = f"/accounts/data/export/{export.pk}/"
    assert alices_client.get(address).status_code == 200
    DataExport.objects.update(expires_at=timezone.now())
    assert alices_client.get(address).status_code == 404
    tasks.sweep_personal_data()
    assert not DataExport.objects.exists() and not default_storage.exists(export.file.name)


@pytest.mark.django_db(transaction=True)
async def test_it_is_sent_whole_and_recorded(alice: User) -> None:
    from asgiref.sync import sync_to_async

    export = await sync_to_async(made)(alice)
    client = AsyncClient()
    await sync_to_async(client.force_login)(alice, backend=BACKEND)
    response = await client.get(f"/accounts/data/export/{export.pk}/")
    body = b"".join([piece async for piece in response.streaming_content])  # type: ignore[union-attr]
    assert len(body) == export.size and zipfile.ZipFile(io.BytesIO(body)).testzip() is None
    assert await AuditEvent.objects.filter(kind="exported", detail="own data", actor=alice).aexists()


def test_another_does_not_get_it(alice: User, bob: User) -> None:
    assert client_of(bob).get(f"/accounts/data/export/{made(alice).pk}/").status_code == 404
