"""The receipt of an answer: what it says, to whom, and that it stays true when things change or go."""

import json
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from chat import continuing, forking, keeping, receipts, sharing
from chat.exporting.own_format import record
from chat.models import Conversation, Message, Receipt
from gateway import connections
from gateway.database import in_database
from gateway.models import Deployment, Upstream, Usage
from gateway.receipts import Note
from rag.models import CollectionShare
from tests.chat.exchanges import answered, cite, document_of
from tests.chat.test_generation import Ask, written
from tests.chat.test_temporary import ask as ask_temporarily
from tests.conftest import client_of
from tests.fake_upstream import FakeUpstream

LEFT, MAY_HAVE, STAYED = (
    "This answer left the house.",
    "This answer may have left the house.",
    "Nothing left the house.",
)
NOTE = Note(
    call=str(uuid4()), kind="chat", purpose="chat", model="parrot", licence="Apache-2.0", openness="weights",
    origin="Mistral, Paris", size="24B", quantisation="Q4", card="https://example.org/card", upstream="aviary",
    place="Keller", in_house=True, reached="private", watts=300, status="done", input_tokens=1234, output_tokens=56,
    estimated=False, cost=1500, currency="EUR", energy=None, queued_ms=400, first_token_ms=900, duration_ms=5400,
)  # fmt: skip


def page_of(answer: Message, user: User) -> str:
    address = reverse("chat:receipt", args=[answer.conversation_id, answer.id])
    response = client_of(user).get(address, headers={"accept-language": "en"})
    assert response.status_code == 200
    html = response.content.decode()
    return html[html.index('id="receipt"') : html.index("</main>")]


def with_notes(answer: Message, *notes: Note) -> Message:
    receipts.keep(answer.id, list(notes))
    return answer


async def test_it_says_who_answered_where_and_what_it_took(
    ask: Ask, alice: User, parrot: Deployment, fake_upstream: FakeUpstream
) -> None:
    card = {"licence": "Apache-2.0", "openness": "weights", "origin": "Mistral, Paris", "card": "https://example.org/c"}
    await Deployment.objects.filter(pk=parrot.pk).aupdate(**card, input_price=10, output_price=10)
    await Upstream.objects.aupdate(in_house=True, place="Keller", watts=300)
    fake_upstream.reply("Um neun Uhr.")
    html = await in_database(page_of, await written(await in_database(ask)), alice)
    usage = await Usage.objects.aget()
    for said in ("parrot", "Apache-2.0", "open weights", "Mistral, Paris", "https://example.org/c", "aviary", "Keller",
                 "on this machine", STAYED, f"{usage.input_tokens} read, 3 written", "EUR", "300 W"):  # fmt: skip
        assert said in html, said
    assert LEFT not in html and "estimated" not in html


async def test_a_server_that_is_not_ones_own_is_said_plainly(
    ask: Ask, alice: User, parrot: Deployment, fake_upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_upstream.reply("Um neun Uhr.")
    monkeypatch.setattr(connections, "reached", lambda upstream: connections.Reached.PUBLIC)
    html = await in_database(page_of, await written(await in_database(ask)), alice)
    assert LEFT in html and "aviary (at a public address" in html and STAYED not in html and "not measured" in html


async def test_a_server_near_by_that_nobody_calls_ones_own_may_send_it_on(
    ask: Ask, alice: User, parrot: Deployment, fake_upstream: FakeUpstream
) -> None:
    fake_upstream.reply("Um neun Uhr.")
    html = await in_database(page_of, await written(await in_database(ask)), alice)
    assert MAY_HAVE in html and "aviary (on this machine)" in html and LEFT not in html and STAYED not in html


async def test_also_a_server_that_got_the_question_and_failed_is_named(
    ask: Ask, alice: User, parrot: Deployment, fake_upstream: FakeUpstream
) -> None:
    with FakeUpstream() as second:
        house = await Upstream.objects.acreate(name="tower", base_url=second.url, in_house=True)
        await Deployment.objects.acreate(upstream=house, name="parrot", model="parrot", priority=1)
        fake_upstream.fail(503)
        second.reply("Um neun Uhr.")
        answer = await written(await in_database(ask))
    notes = (await Receipt.objects.aget()).notes
    assert [(note["upstream"], note["status"]) for note in notes] == [("aviary", "failed"), ("tower", "done")]
    assert MAY_HAVE in await in_database(page_of, answer, alice)


async def test_a_server_that_could_not_be_reached_got_nothing(ask: Ask, parrot: Deployment) -> None:
    await Upstream.objects.aupdate(base_url="http://127.0.0.1:9/v1")
    answer = await written(await in_database(ask))
    assert answer.status == Message.Status.FAILED and not await Receipt.objects.aexists()


async def test_it_stays_true_when_model_server_and_ledger_are_gone(
    ask: Ask, alice: User, parrot: Deployment, fake_upstream: FakeUpstream
) -> None:
    await Upstream.objects.aupdate(in_house=True, watts=300)
    fake_upstream.reply("Um neun Uhr.", delay=0.02)
    answer = await written(await in_database(ask))
    before = await in_database(page_of, answer, alice)
    await Deployment.objects.filter(pk=parrot.pk).aupdate(name="finch", licence="closed")
    await Upstream.objects.all().adelete()
    await Usage.objects.all().adelete()
    assert await in_database(page_of, answer, alice) == before


async def test_of_a_writer_that_was_killed_it_is_known_where_it_sent(ask: Ask, alice: User, parrot: Deployment) -> None:
    answer = await in_database(ask)
    begun = Note(**{name: NOTE[name] for name in ("call", "kind", "purpose", "model", "upstream", "in_house")})
    await in_database(with_notes, answer, begun | Note(in_house=False))
    await Message.objects.aupdate(lease_until=answer.created_at)
    await in_database(keeping.sweep)
    html = await in_database(page_of, answer, alice)
    assert LEFT in html and "cut off" in html


@pytest.mark.django_db
def test_figures_of_the_ledger_win_while_there_are_any(alice: User, conversation: Conversation) -> None:
    answer = with_notes(answered(conversation), NOTE)
    assert "1,234 read, 56 written" in page_of(answer, alice) and "not measured" in page_of(answer, alice)
    row = {"user": alice, "model": "parrot", "purpose": "chat", "status": "aborted", "started_at": answer.created_at}
    Usage.objects.create(
        id=NOTE["call"], **row, input_tokens=7, output_tokens=8, estimated=True, energy=1500, duration_ms=2000
    )
    html = page_of(answer, alice)
    assert "7 read, 8 written (estimated)" in html and "1.5 Wh" in html and "300 W" in html


@pytest.mark.django_db
def test_who_reads_a_share_sees_it_without_the_money_and_what_they_may_not_open(
    alice: User, bob: User, charlie: User, conversation: Conversation
) -> None:
    answer = with_notes(answered(conversation, text="Dreißig [1]."), NOTE)
    document = document_of(alice, "Gehälter.pdf")
    document.collection.shares.create(user=bob, role=CollectionShare.Role.VIEWER)
    cite(answer, document)
    share = sharing.share(conversation, everyone=False, people=[bob], teams=[])
    address = reverse("chat:shared-receipt", args=[share.id, answer.id])
    html = client_of(bob).get(address).content.decode()
    assert (
        "parrot" in html
        and STAYED in html
        and "Gehälter.pdf" in html
        and "EUR" not in html
        and NOTE["call"] not in html
    )
    assert client_of(charlie).get(address).status_code == 404
    document.collection.shares.all().delete()
    html = client_of(bob).get(address).content.decode()
    assert "Gehälter" not in html and "not shared with you" in html
    assert client_of(bob).get(reverse("chat:receipt", args=[conversation.id, answer.id])).status_code == 404


@pytest.mark.django_db
def test_a_message_that_is_not_of_the_share_is_unknown(alice: User, bob: User, conversation: Conversation) -> None:
    shown = with_notes(answered(conversation), NOTE)
    share = sharing.share(conversation, everyone=False, people=[bob], teams=[])
    later = with_notes(answered(conversation), NOTE)
    for message in (later.id, shown.parent_id, uuid4()):
        assert client_of(bob).get(reverse("chat:shared-receipt", args=[share.id, message])).status_code == 404


@pytest.mark.django_db
def test_it_goes_along_with_copies(alice: User, bob: User, conversation: Conversation) -> None:
    answer = with_notes(answered(conversation, finish="length"), NOTE)
    fork, _ = forking.fork(answer)
    assert Receipt.objects.get(message__conversation=fork).notes == [NOTE]
    share = sharing.share(conversation, everyone=False, people=[bob], teams=[])
    copy = Receipt.objects.get(message__conversation=sharing.copy(share, bob))
    assert copy.notes[0]["model"] == "parrot" and not {"call", "cost", "currency"} & set(copy.notes[0])


async def test_an_answer_that_goes_on_names_both_calls(
    ask: Ask, parrot: Deployment, fake_upstream: FakeUpstream
) -> None:
    fake_upstream.reply("Um neun Uhr, und")
    broken = await written(await in_database(ask))
    await Message.objects.filter(id=broken.id).aupdate(status=Message.Status.STOPPED)
    broken = await Message.objects.select_related("parent", "conversation__owner").aget(id=broken.id)
    fake_upstream.reply("Um neun Uhr, und am Sonntag um zehn.")
    onward = await written(await in_database(continuing.resume, broken))
    notes = (await Receipt.objects.aget(message=onward)).notes
    assert len({note["call"] for note in notes}) == 2 == await Usage.objects.acount()


@pytest.mark.django_db
def test_without_a_receipt_the_page_says_so(alice: User, conversation: Conversation) -> None:
    html = page_of(answered(conversation), alice)
    assert "nothing was kept" in html and LEFT not in html and STAYED not in html


@pytest.mark.django_db
def test_a_question_has_none(alices_client: Client, conversation: Conversation) -> None:
    question = answered(conversation).parent_id
    assert alices_client.get(reverse("chat:receipt", args=[conversation.id, question])).status_code == 404


@pytest.mark.django_db
def test_names_are_no_markup_and_no_other_links(alice: User, conversation: Conversation) -> None:
    hostile = Note(model="<b>x</b>", upstream="<script>1</script>", place="<i>", card="javascript:alert(1)")
    html = page_of(with_notes(answered(conversation), NOTE | hostile), alice)
    assert "<b>x" not in html and "<script>" not in html and "<i>" not in html and "javascript:" not in html


@pytest.mark.django_db
def test_a_note_with_hardly_anything_in_it_is_shown(alice: User, conversation: Conversation) -> None:
    bare = Note(kind="chat", purpose="chat", model="", upstream="", reached="nonsense")
    assert "parrot" not in page_of(with_notes(answered(conversation), bare | Note(call=str(uuid4()))), alice)


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_was_deleted_meanwhile_breaks_nothing(alice: User) -> None:
    receipts.keep(uuid4(), [NOTE])


@pytest.mark.django_db
def test_the_page_of_the_chat_leads_there(alices_client: Client, conversation: Conversation) -> None:
    answer = answered(conversation)
    html = alices_client.get(conversation.get_absolute_url()).content.decode()
    assert reverse("chat:receipt", args=[conversation.id, answer.id]) in html


@pytest.mark.django_db
def test_the_export_holds_it(conversation: Conversation) -> None:
    with_notes(answered(conversation), NOTE)
    exported = json.loads(json.dumps(record(conversation)))
    assert [message.get("receipt") for message in exported["messages"]] == [None, [NOTE]]


@pytest.mark.usefixtures("parrot")
async def test_a_temporary_answer_tells_it_at_once_and_keeps_none(alice: User, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("Um neun Uhr.")
    events = await ask_temporarily(alice, "Wann?")
    assert MAY_HAVE in events[-1]["receipt"] and "parrot" in events[-1]["receipt"]
    assert not await Receipt.objects.aexists()


@pytest.mark.parametrize(
    ("address", "reached"),
    [("127.0.0.1", "this machine"), ("::1", "this machine"), ("10.0.0.5", "private"), ("fd00::1", "private"),
     ("::ffff:192.168.1.4", "private"), ("100.64.0.1", "private"), ("88.99.1.2", "public"), ("2a01:4f8::1", "public"),
     ("::ffff:8.8.8.8", "public"), ("nonsense", ""), ("", "")],
)  # fmt: skip
def test_an_address_says_where_it_leads(monkeypatch: pytest.MonkeyPatch, address: str, reached: str) -> None:
    monkeypatch.setitem(connections._addresses, "http://x/v1", address)
    assert connections.reached(Upstream(base_url="http://x/v1")) == reached


@pytest.mark.parametrize(
    ("url", "reached"),
    [("http://10.1.2.3:8000/v1", "private"), ("https://[::1]/v1", "this machine"), ("http://gpu/v1", ""), ("x", "")],
)
def test_before_anything_was_said_a_name_that_is_an_address_tells(url: str, reached: str) -> None:
    assert connections.reached(Upstream(base_url=url)) == reached
