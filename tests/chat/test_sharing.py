"""Alice shares, Bob reads, Charlie is a stranger; a share never shows a document to who may not open it."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Team, User
from chat import conversations, sharing
from chat.context import stays_in_house
from chat.models import Conversation, Message, Share
from rag.models import Collection, CollectionShare
from tests.chat.exchanges import answered, cite, conversation_of, document_of


def shared(conversation: Conversation, *people: User, everyone: bool = False, teams: tuple[Team, ...] = ()) -> Share:
    return sharing.share(conversation, everyone=everyone, people=people, teams=teams)


def text(client: Client, share: Share) -> str:
    response = client.get(share.get_absolute_url())
    return response.content.decode() if response.status_code == 200 else str(response.status_code)


def test_a_named_person_reads_it_and_a_stranger_does_not(
    alice: User, bob: User, bobs_client: Client, charlies_client: Client
) -> None:
    share = shared(conversation_of(alice, "Wann?", "Um **neun**."), bob)
    assert "<strong>neun</strong>" in text(bobs_client, share) and text(charlies_client, share) == "404"
    assert text(charlies_client, share) == "404"
    assert bobs_client.get(share.conversation.get_absolute_url()).status_code == 404


def test_all_along_it_says_that_an_ai_wrote_it(alice: User, charlies_client: Client) -> None:
    assert "You are reading the words of an AI." in text(charlies_client, shared(conversation_of(alice), everyone=True))


def test_a_team_reads_it_while_one_is_in_it(alice: User, bob: User, bobs_client: Client) -> None:
    team = Team.objects.create(name="owls")
    share = shared(conversation_of(alice), teams=(team,))
    assert text(bobs_client, share) == "404"
    membership = Membership.objects.create(user=bob, team=team)
    assert "Um neun." in text(bobs_client, share)
    membership.delete()
    assert text(bobs_client, share) == "404"


def test_everyone_with_the_link_reads_it_but_nobody_signed_out(alice: User, charlies_client: Client) -> None:
    share = shared(conversation_of(alice), everyone=True)
    assert "Um neun." in text(charlies_client, share) and text(Client(), share) == "302"
    assert share.title not in charlies_client.get(reverse("chat:shares")).content.decode()


def test_what_is_added_later_is_shown_after_an_update(alices_client: Client, alice: User, bob: User) -> None:
    one = conversation_of(alice)
    share = shared(one, bob)
    answered(one, "Und sonntags?", "Geschlossen.")
    assert "Geschlossen." not in text(alices_client, share)
    page = reverse("chat:share", args=[one.id])
    assert "It has gone on since." in alices_client.get(page).content.decode()
    alices_client.post(reverse("chat:share-update", args=[one.id]))
    share.refresh_from_db()
    assert "Geschlossen." in text(alices_client, share)


def test_an_answer_under_way_is_not_shown(alice: User, alices_client: Client) -> None:
    one = conversation_of(alice)
    answered(one, "Frage unterwegs", "halb", status=Message.Status.STREAMING)
    assert "unterwegs" not in text(alices_client, shared(one, everyone=True))


def test_nothing_that_was_not_answered_is_shared(alices_client: Client, conversation: Conversation) -> None:
    data = {"audience": "everyone"}
    page = alices_client.post(reverse("chat:share", args=[conversation.id]), data, follow=True)
    assert "no finished answer" in page.content.decode() and not Share.objects.exists()


def test_revoking_takes_effect_at_once(alices_client: Client, alice: User, bob: User, bobs_client: Client) -> None:
    share = shared(conversation_of(alice), bob)
    alices_client.post(reverse("chat:share-revoke", args=[share.conversation_id]))
    assert text(bobs_client, share) == "404"
    assert bobs_client.post(reverse("chat:shared-copy", args=[share.id])).status_code == 404


def test_deleting_the_conversation_ends_the_share(alice: User, bob: User, bobs_client: Client) -> None:
    share = shared(conversation_of(alice), bob)
    conversations.delete(share.conversation)
    assert text(bobs_client, share) == "404"
    assert "Shared with you" in bobs_client.get(reverse("chat:shares")).content.decode()


def test_a_source_is_shown_to_who_may_open_it_alone(
    alice: User, bob: User, bobs_client: Client, charlie: User, charlies_client: Client
) -> None:
    document = document_of(alice, "Gehälter.pdf")
    document.collection.shares.create(user=bob, role=CollectionShare.Role.VIEWER)
    one = conversation_of(alice, answer="Dreißig [1].")
    cite(one.messages.get(role="assistant"), document, text="Geheimes Zitat")
    share = shared(one, bob, charlie)
    assert "Gehälter.pdf, page 2" in text(bobs_client, share)
    hidden = text(charlies_client, share)
    assert "Gehälter" not in hidden and "Geheimes" not in hidden and str(document.id) not in hidden
    assert "1 source is a document that is not shared with you." in hidden


def test_losing_the_right_to_a_document_takes_effect_on_a_share(alice: User, bob: User, bobs_client: Client) -> None:
    document = document_of(alice)
    right = document.collection.shares.create(user=bob, role=CollectionShare.Role.VIEWER)
    one = conversation_of(alice, answer="Dreißig [1].")
    cite(one.messages.get(role="assistant"), document)
    share = shared(one, bob)
    right.delete()
    assert "Handbuch.pdf" not in text(bobs_client, share)


def test_a_copy_is_ones_own_and_holds_no_hidden_quote(alice: User, bob: User, bobs_client: Client) -> None:
    one = conversation_of(alice, answer="Dreißig [1].")
    cite(one.messages.get(role="assistant"), document_of(alice), text="Geheimes Zitat")
    share = shared(one, bob)
    address = bobs_client.post(reverse("chat:shared-copy", args=[share.id]))["Location"]
    html = bobs_client.get(address).content.decode()
    assert "Dreißig" in html and "Geheimes" not in html and "Handbuch" not in html
    copy = Conversation.objects.visible_to(bob).get()
    assert [message.text for message in copy.thread()] == ["Wann?", "Dreißig [1]."]
    answered(copy, "Weiter", "gut")
    assert one.messages.count() == 2


def test_a_copy_of_what_is_confidential_stays_in_the_house(alice: User, bob: User) -> None:
    document = document_of(alice)
    Collection.objects.update(data_class=Collection.DataClass.CONFIDENTIAL)
    one = conversation_of(alice, answer="Dreißig [1].")
    cite(one.messages.get(role="assistant"), document)
    copy = sharing.copy(shared(one, bob), bob)
    assert stays_in_house(copy) and not stays_in_house(sharing.copy(shared(conversation_of(alice), bob), bob))


def test_a_copy_keeps_the_sources_that_one_may_open(alice: User, bob: User) -> None:
    document = document_of(alice)
    document.collection.shares.create(user=bob, role=CollectionShare.Role.VIEWER)
    one = conversation_of(alice, answer="Dreißig [1].")
    cite(one.messages.get(role="assistant"), document)
    copy = sharing.copy(shared(one, bob), bob)
    assert copy.messages.get(role="assistant").citations.get().document == document
    assert one.messages.get(role="assistant").citations.count() == 1


@pytest.mark.parametrize("people", ["nobody@example.org", "x", "bob@example.org, nobody@example.org", ""])
def test_a_wrong_address_shares_with_nobody(alices_client: Client, alice: User, bob: User, people: str) -> None:
    one = conversation_of(alice)
    data = {"audience": "named", "people": people}
    html = alices_client.post(reverse("chat:share", args=[one.id]), data).content.decode()
    assert "errorlist" in html and not Share.objects.exists()


def test_the_form_shares_and_changes_who_reads(
    alices_client: Client, alice: User, bob: User, bobs_client: Client, charlies_client: Client, charlie: User
) -> None:
    one = conversation_of(alice)
    address = reverse("chat:share", args=[one.id])
    alices_client.post(address, {"audience": "named", "people": "Bob@Example.org"})
    share = Share.objects.get()
    assert "Um neun." in text(bobs_client, share)
    assert share.title in bobs_client.get(reverse("chat:shares")).content.decode()
    alices_client.post(address, {"audience": "named", "people": "charlie@example.org\n"})
    assert text(bobs_client, share) == "404" and "Um neun." in text(charlies_client, share)


def test_only_ones_own_teams_are_offered(alices_client: Client, alice: User) -> None:
    foreign = Team.objects.create(name="hawks")
    one = conversation_of(alice)
    data = {"audience": "named", "teams": [foreign.pk]}
    alices_client.post(reverse("chat:share", args=[one.id]), data)
    assert not Share.objects.exists()


def test_who_reads_a_share_changes_nothing_of_it(alice: User, bob: User, bobs_client: Client) -> None:
    share = shared(conversation_of(alice), bob)
    for view in ("share-update", "share-revoke", "delete", "rename"):
        assert bobs_client.post(reverse(f"chat:{view}", args=[share.conversation_id])).status_code == 404
    assert Share.objects.exists()
