"""Every address, as owner (Alice), shared-with (Bob, may read), stranger (Charlie) and anonymous.

A row names what each of them gets; a new address without a row fails `test_no_address_is_forgotten`. Then every id in
every address is exchanged for an unknown one, which has to look exactly like a foreign one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from allauth.usersessions.models import UserSession
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts import inviting
from accounts.models import DataExport, Fact, Invitation, Membership, Notification, Team, User
from chat import asking, conversations, projects, sharing
from chat.models import Assistant, Conversation, Message, Project, Prompt, Share
from config import exporting
from gateway.models import ApiKey, Delivery, Webhook
from rag.models import Collection, CollectionShare, Document, DocumentText
from tests.conftest import client_of
from tests.permissions import EDITORS_TOO
from tests.rag.files import pdf

LOGIN = "login"  # sent to sign in
FOUND = "found"  # any answer that is neither 404 nor a way to sign in
GONE = 404

PRIVATE = (FOUND, GONE, GONE, LOGIN)
READABLE = (FOUND, FOUND, GONE, LOGIN)
EVERYONE_SIGNED_IN = (FOUND, FOUND, FOUND, LOGIN)
OPEN = (FOUND, FOUND, FOUND, FOUND)
PANELS = (LOGIN, LOGIN, LOGIN, LOGIN)
NOBODYS = (GONE, GONE, GONE, LOGIN)  # of what nobody here has

ROWS: dict[str, tuple[str, tuple[object, ...]]] = {
    "healthz": ("get", OPEN),
    "readyz": ("get", OPEN),
    "metrics": ("get", (404, 404, 404, 404)),  # but from this machine: tests/gateway/test_metrics.py
    "manifest": ("get", OPEN),
    "service-worker": ("get", OPEN),
    "offline": ("get", OPEN),
    "setup": ("get", (404, 404, 404, 404)),
    "account_login": ("get", OPEN),
    "account_logout": ("get", EVERYONE_SIGNED_IN),
    "account_signup": ("get", OPEN),
    "account_inactive": ("get", OPEN),
    "account_change_password": ("get", EVERYONE_SIGNED_IN),
    "account_set_password": ("get", EVERYONE_SIGNED_IN),
    "account_reauthenticate": ("get", EVERYONE_SIGNED_IN),
    "mfa_index": ("get", EVERYONE_SIGNED_IN),
    "mfa_authenticate": ("get", EVERYONE_SIGNED_IN),  # to where they were going
    "mfa_reauthenticate": ("get", EVERYONE_SIGNED_IN),
    "mfa_activate_totp": ("get", EVERYONE_SIGNED_IN),
    "mfa_deactivate_totp": ("get", NOBODYS),
    "mfa_view_recovery_codes": ("get", NOBODYS),
    "mfa_generate_recovery_codes": ("get", EVERYONE_SIGNED_IN),
    "mfa_download_recovery_codes": ("get", NOBODYS),
    "mfa_list_webauthn": ("get", EVERYONE_SIGNED_IN),
    "mfa_add_webauthn": ("get", EVERYONE_SIGNED_IN),
    "mfa_reauthenticate_webauthn": ("get", EVERYONE_SIGNED_IN),
    "mfa_remove_webauthn": ("get", NOBODYS),
    "mfa_edit_webauthn": ("get", NOBODYS),
    "mfa_login_webauthn": ("get", EVERYONE_SIGNED_IN),
    "sessions": ("get", EVERYONE_SIGNED_IN),
    "sessions-end": ("post", EVERYONE_SIGNED_IN),
    "session-end": ("post", PRIVATE),
    "invitations": ("get", EVERYONE_SIGNED_IN),
    "invitation-revoke": ("post", PRIVATE),
    "invitation": ("get", (404, 404, 404, 404)),
    "socialaccount_connections": ("get", EVERYONE_SIGNED_IN),
    "socialaccount_login_cancelled": ("get", OPEN),
    "openid_connect_login": ("post", (404, 404, 404, 404)),
    "openid_connect_callback": ("get", (404, 404, 404, 404)),
    "oidc_backchannel_logout": ("post", (404, 404, 404, 404)),
    "preferences": ("get", EVERYONE_SIGNED_IN),
    "opinions": ("get", PANELS),  # tests/chat/test_opinions.py
    "about": ("get", EVERYONE_SIGNED_IN),
    "usage": ("get", EVERYONE_SIGNED_IN),
    "notice": ("get", EVERYONE_SIGNED_IN),
    "notice-version": ("get", NOBODYS),
    "first-steps": ("post", PANELS),  # tests/test_dashboard.py
    "jobs": ("get", PANELS),  # tests/test_jobs.py
    "effective-settings": ("get", PANELS),  # tests/test_effective.py
    "data": ("get", EVERYONE_SIGNED_IN),
    "data-export": ("post", EVERYONE_SIGNED_IN),
    "data-download": ("get", PRIVATE),
    "erase": ("get", EVERYONE_SIGNED_IN),
    "erase-confirm": ("get", EVERYONE_SIGNED_IN),
    "erase-withdraw": ("post", EVERYONE_SIGNED_IN),
    "erased": ("get", (404, 404, 404, 404)),  # but by the link that was given: tests/privacy/test_erasing.py
    "erase-person": ("get", PANELS),
    "records": ("get", PANELS),
    "records-download": ("get", PANELS),
    "api-docs": ("get", EVERYONE_SIGNED_IN),
    "problem": ("get", OPEN),
    "theme": ("post", EVERYONE_SIGNED_IN),
    "notification-put-away": ("post", PRIVATE),
    "chat:home": ("get", EVERYONE_SIGNED_IN),
    "chat:create": ("post", EVERYONE_SIGNED_IN),
    "chat:conversation": ("get", PRIVATE),
    "chat:messages": ("get", PRIVATE),
    "chat:ask": ("post", PRIVATE),
    "chat:rename": ("post", PRIVATE),
    "chat:delete": ("post", PRIVATE),
    "chat:attach": ("post", PRIVATE),
    "chat:detach": ("post", PRIVATE),
    "chat:stop": ("post", PRIVATE),
    "chat:retry": ("post", PRIVATE),
    "chat:source": ("get", PRIVATE),
    "chat:regenerate": ("post", PRIVATE),
    "chat:continue": ("post", PRIVATE),
    "chat:edit": ("get", PRIVATE),
    "chat:show": ("post", PRIVATE),
    "chat:take": ("post", PRIVATE),
    "chat:opinion": ("post", PRIVATE),
    "chat:fork": ("post", PRIVATE),
    "chat:receipt": ("get", PRIVATE),
    "chat:shared-receipt": ("get", READABLE),
    "chat:history": ("get", EVERYONE_SIGNED_IN),
    "chat:sidebar": ("get", EVERYONE_SIGNED_IN),
    "chat:search": ("get", EVERYONE_SIGNED_IN),
    "chat:options": ("get", PRIVATE),
    "chat:pin": ("post", PRIVATE),
    "chat:archive": ("post", PRIVATE),
    "chat:move": ("post", PRIVATE),
    "chat:restore": ("post", PRIVATE),
    "chat:project-create": ("get", EVERYONE_SIGNED_IN),
    "chat:project": ("get", PRIVATE),
    "chat:project-edit": ("get", PRIVATE),
    "chat:project-delete": ("get", PRIVATE),
    "chat:project-attach": ("post", PRIVATE),
    "chat:project-detach": ("post", PRIVATE),
    "chat:share": ("get", PRIVATE),
    "chat:share-update": ("post", PRIVATE),
    "chat:share-revoke": ("post", PRIVATE),
    "chat:shares": ("get", EVERYONE_SIGNED_IN),
    "chat:shared": ("get", READABLE),
    "chat:shared-copy": ("post", READABLE),
    "chat:assistants": ("get", EVERYONE_SIGNED_IN),
    "chat:assistant-create": ("get", EVERYONE_SIGNED_IN),
    "chat:assistant": ("get", READABLE),
    "chat:assistant-edit": ("get", PRIVATE),
    "chat:assistant-share": ("get", PRIVATE),
    "chat:assistant-delete": ("post", PRIVATE),
    "chat:prompts": ("get", EVERYONE_SIGNED_IN),
    "chat:prompt-create": ("get", EVERYONE_SIGNED_IN),
    "chat:prompt": ("get", READABLE),
    "chat:prompt-edit": ("get", PRIVATE),
    "chat:prompt-share": ("get", PRIVATE),
    "chat:prompt-delete": ("post", PRIVATE),
    "chat:temporary": ("get", EVERYONE_SIGNED_IN),
    "chat:temporary-ask": ("post", EVERYONE_SIGNED_IN),
    "chat:memory": ("get", EVERYONE_SIGNED_IN),
    "chat:memory-switch": ("post", EVERYONE_SIGNED_IN),
    "chat:memory-clear": ("post", EVERYONE_SIGNED_IN),
    "chat:memory-correct": ("post", PRIVATE),
    "chat:memory-forget": ("post", PRIVATE),
    "chat:transfer": ("get", EVERYONE_SIGNED_IN),
    "chat:import": ("post", EVERYONE_SIGNED_IN),
    "chat:export-all": ("get", EVERYONE_SIGNED_IN),
    "chat:export": ("get", PRIVATE),
    "keys:list": ("get", EVERYONE_SIGNED_IN),
    "keys:create": ("get", EVERYONE_SIGNED_IN),
    "keys:rotate": ("get", PRIVATE),
    "keys:revoke": ("post", PRIVATE),
    "webhooks:list": ("get", EVERYONE_SIGNED_IN),
    "webhooks:create": ("get", EVERYONE_SIGNED_IN),
    "webhooks:log": ("get", PRIVATE),
    "webhooks:edit": ("get", PRIVATE),
    "webhooks:rotate": ("get", PRIVATE),
    "webhooks:delete": ("get", PRIVATE),
    "webhooks:switch-on": ("post", PRIVATE),
    "webhooks:replay": ("post", PRIVATE),
    "rag:collections": ("get", EVERYONE_SIGNED_IN),
    "rag:collection-create": ("get", EVERYONE_SIGNED_IN),
    "rag:collection": ("get", READABLE),
    "rag:collection-status": ("get", READABLE),
    "rag:search": ("get", EVERYONE_SIGNED_IN),
    "rag:collection-search": ("get", READABLE),
    "rag:try-out": ("get", PRIVATE),
    "rag:cancel-all": ("post", PRIVATE),
    "rag:retry-all": ("post", PRIVATE),
    "rag:move": ("post", PRIVATE),
    "rag:cancel": ("post", PRIVATE),
    "rag:collection-edit": ("get", PRIVATE),
    "rag:collection-delete": ("post", PRIVATE),
    "rag:upload": ("post", PRIVATE),
    "rag:share": ("post", PRIVATE),
    "rag:unshare": ("post", PRIVATE),
    "rag:document": ("get", READABLE),
    "rag:document-status": ("get", READABLE),
    "rag:page-picture": ("get", READABLE),
    "rag:download": ("get", READABLE),
    "rag:retry": ("post", PRIVATE),
    "rag:document-delete": ("post", PRIVATE),
}
# of the admin and the auditor; a 403 is found: what of the panel is refused to whom, tests/test_permissions.py says
OF_ROLES = {
    "invitation-revoke": (FOUND, GONE),
    "erase-person": (GONE, FOUND),
    **dict.fromkeys(
        ("opinions", "first-steps", "jobs", "effective-settings", "records", "records-download"), (FOUND, FOUND)
    ),
}
ELSEWHERE = ("admin:", "api:")  # tests/test_permissions.py, tests/rest/test_rights.py


def addresses(patterns: list[Any] | None = None, prefix: str = "") -> Iterator[str]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            namespace = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from addresses(pattern.url_patterns, namespace)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield prefix + pattern.name


@dataclass
class House:
    conversation: Conversation
    message: Message
    attachment: Document
    in_project: Document
    document: Document
    printed: Document  # a PDF
    share: CollectionShare
    key: ApiKey
    project: Project
    deleted: Conversation
    shown: Share
    fact: Fact
    assistant: Assistant
    prompt: Prompt
    session: UserSession
    invitation: Invitation
    export: DataExport
    notice: Notification
    delivery: Delivery

    def of_people(self, name: str) -> dict[str, object]:
        if name.startswith(("openid_connect", "oidc")):
            return {"provider_id": "unknown"}
        guessed = {"token": "guessed"}
        if name in ("data-download", "erase-person", "erased", "records-download"):
            return {"pk": self.export.pk, "code": "guessed", "ending": "md"}
        if name == "problem":
            return {"code": "not_found"}
        known = {
            "notice-version": {"pk": 1},
            "session-end": {"pk": self.session.pk},
            "invitation-revoke": {"pk": self.invitation.pk},
        }
        known["notification-put-away"] = {"pk": self.notice.pk}
        return {"setup": guessed, "invitation": guessed, **known}.get(name, {"pk": 1} if name[:4] == "mfa_" else {})

    def ids(self, name: str) -> dict[str, object]:
        exact: dict[str, dict[str, object]] = {
            "chat:source": {"message": self.message.id, "number": 1},
            "chat:restore": {"conversation": self.deleted.id},
        }
        beginning: dict[str, dict[str, object]] = {
            "keys:": {"pk": self.key.pk},
            "webhooks:": {"pk": self.delivery.webhook_id, "delivery": self.delivery.pk},
            "chat:project": {"project": self.project.id, "document": self.in_project.id},
            "chat:memory": {"fact": self.fact.id},
            "chat:assistant": {"assistant": self.assistant.id},
            "chat:prompt": {"prompt": self.prompt.id},
            "chat:shared": {"share": self.shown.id, "message": self.message.id},
        }
        begun = (ids for start, ids in beginning.items() if name.startswith(start))
        if found := self.of_people(name) or exact.get(name) or next(begun, None):
            return found
        if name.startswith("rag:"):
            if name == "rag:page-picture":
                return {"pk": self.printed.id, "page": 1}
            of_a_document = ("document", "document-status", "download", "retry", "cancel", "document-delete")
            one = self.document.id if name.removeprefix("rag:") in of_a_document else self.document.collection_id
            return {"pk": one, "share_id": self.share.id, "conversation": None}
        one = {"conversation": self.conversation.id, "message": self.message.id, "document": self.attachment.id}
        return {**one, "format": "md"}

    def address(self, name: str, change: Callable[[str, object], object] = lambda _, value: value) -> str:
        wanted = {key: change(key, value) for key, value in self.ids(name).items()}
        for keys in (set(), {"pk"}, {"pk", "share_id"}, {"pk", "page"}, {"token"}, {"message", "number"},
                     {"conversation"}, {"conversation", "message"}, {"conversation", "document"},
                     {"pk", "delivery"}, {"conversation", "format"}, {"format"}, {"project"}, {"project", "document"},
                     {"share"}, {"share", "message"}, {"fact"}, {"assistant"}, {"prompt"},
                     {"provider_id"}, {"code"}, {"ending"}):  # fmt: skip
            try:
                return reverse(name, kwargs={key: wanted[key] for key in keys if key in wanted})
            except Exception as error:  # noqa: BLE001  (NoReverseMatch: try the next combination)
                last = error
        raise last


@pytest.fixture
def house(transactional_db: None, alice: User, bob: User) -> House:
    collection = Collection.objects.create(owner=alice, name="Hausordnung")
    share = collection.shares.create(user=bob, role=CollectionShare.Role.VIEWER)
    conversation = Conversation.objects.create(owner=alice)
    _, answer = asking.ask(conversation, "Wann öffnet die Voliere?")
    Message.objects.filter(id=answer.id).update(status=Message.Status.FAILED)
    span = {"start": 0, "end": 1, "focus_start": 0, "focus_end": 1}
    answer.citations.create(number=1, document_name="Weg.pdf", version=1, text="x", **span)
    conversation.attachments = Collection.objects.create(owner=alice, name="Anhang", is_attachment=True)
    conversation.save()
    printed = make(collection, pdf(["Haus"]), "application/pdf")
    DocumentText.objects.create(document=printed, text="Haus", page_starts=[0])
    project = Project.objects.create(owner=alice, name="Umzug")
    deleted = Conversation.objects.create(owner=alice)
    conversations.delete(deleted)
    assistant, prompt = (model.objects.create(owner=alice) for model in (Assistant, Prompt))
    for offered in (assistant, prompt):
        offered.offer(everyone=False, people=[bob], teams=[])
    team = Team.objects.create(name="Vorstand")
    Membership.objects.create(user=alice, team=team, role=Membership.Role.LEAD)
    invitation = Invitation(team=team)
    inviting.invite(invitation, alice)
    webhook = Webhook(user=alice, name="n8n", url="https://n8n.example.org/", events=["document.ready"])
    webhook.issue()
    return House(
        notice=Notification.objects.create(user=alice, kind="webhook-off", about={"name": "n8n"}),
        delivery=webhook.deliveries.create(event="document.ready", object_id=str(uuid4())),
        session=UserSession.objects.create(user=alice, ip="192.0.2.1", session_key="elsewhere", user_agent="x"),
        invitation=invitation,
        export=exported(alice),
        conversation=conversation,
        message=answer,
        attachment=make(conversation.attachments),
        in_project=make(projects.files_of(project)),
        document=make(collection),
        printed=printed,
        share=share,
        key=ApiKey.create(alice, "script")[0],
        project=project,
        deleted=deleted,
        shown=sharing.share(conversation, everyone=False, people=[bob], teams=[]),
        fact=Fact.objects.create(user=alice, text="Arbeitet im Haus am See."),
        assistant=assistant,
        prompt=prompt,
    )


def exported(user: User) -> DataExport:
    export = exporting.begin(user)
    exporting.write(str(export.pk))
    return export


def make(collection: Collection, content: bytes = b"Haus", media_type: str = "text/plain") -> Document:
    about = {"size": len(content), "sha256": uuid4().hex, "media_type": media_type}
    document = Document(collection=collection, name="haus.txt", **about)
    document.file.save("haus.txt", ContentFile(content), save=False)
    document.save()
    return document


def outcome(client: Client, method: str, address: str) -> object:
    response = getattr(client, method)(address)
    if response.status_code == 302 and response["Location"].startswith(("/accounts/login/", "/admin/login/")):
        return LOGIN
    assert response.status_code < 500
    return GONE if response.status_code == 404 else FOUND


def unknown_like(value: object) -> object:
    return value + 1_000_000 if isinstance(value, int) else uuid4()


def test_no_address_is_forgotten() -> None:
    assert {name for name in addresses() if not name.startswith(ELSEWHERE)} == set(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_each_gets_what_is_theirs(house: House, alice: User, bob: User, charlie: User, name: str) -> None:
    """No role opens what is not shared: who manages the house is a stranger here."""
    method, expected = ROWS[name]
    ada = User.objects.create_superuser("ada@example.org")
    otto = User.objects.create_user("otto@example.org", is_staff=True)
    # the owner last: some of her requests delete
    people = {"charlie": client_of(charlie), "nobody": Client(), "admin": client_of(ada), "auditor": client_of(otto)}
    people |= {"bob": client_of(bob), "alice": client_of(alice)}
    got = {who: outcome(client, method, house.address(name)) for who, client in people.items()}
    assert (got["alice"], got["bob"], got["charlie"], got["nobody"]) == expected
    assert (got["admin"], got["auditor"]) == OF_ROLES.get(name, (got["charlie"], got["charlie"]))


@pytest.mark.parametrize("name", [name for name in ROWS if name.startswith("rag:")])
@pytest.mark.parametrize("of_a_team", [False, True], ids=["shared", "of a team"])
def test_an_editor_may_more_than_a_viewer_and_less_than_the_owner(
    house: House, alice: User, charlie: User, name: str, of_a_team: bool
) -> None:
    """Of a collection of a team its members are editors, and who leads it is its owner."""
    method, (owners, viewers, _strangers, _nobodys) = ROWS[name]
    collection = house.document.collection
    if of_a_team:
        team = Team.objects.create(name="Kasse")
        Membership.objects.create(user=charlie, team=team)
        Membership.objects.create(user=alice, team=team, role=Membership.Role.LEAD)
        Collection.objects.filter(pk=collection.pk).update(owner=None, team=team)
    else:
        collection.shares.create(user=charlie, role=CollectionShare.Role.EDITOR)
    assert outcome(client_of(charlie), method, house.address(name)) == (owners if name in EDITORS_TOO else viewers)
    if name not in EDITORS_TOO:  # else it may be gone by now
        assert outcome(client_of(alice), method, house.address(name)) == owners


@pytest.mark.parametrize("name", [name for name, (_, expected) in ROWS.items() if GONE in expected and name != "setup"])
def test_an_unknown_id_looks_like_a_foreign_one(house: House, charlie: User, name: str) -> None:
    method, client = ROWS[name][0], client_of(charlie)
    foreign = getattr(client, method)(house.address(name))
    unknown = getattr(client, method)(
        house.address(
            name, lambda key, value: value if key in ("number", "share_id", "format") else unknown_like(value)
        )
    )
    assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content) == (404, foreign.content)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["", "accounts/user/", "gateway/upstream/", "gateway/quota/add/", "rag/document/"])
def test_the_panel_is_for_admins(alice: User, path: str) -> None:
    for client in (Client(), client_of(alice)):
        response = client.get(reverse("admin:index") + path)
        assert response.status_code in (302, 403) and b"base_url" not in response.content


@pytest.mark.django_db
def test_who_may_not_enter_the_panel_is_told_in_words(alice: User) -> None:
    told = client_of(alice).get(reverse("admin:index"), headers={"accept-language": "de"}, follow=True)
    assert told.status_code == 403 and "Das steht Ihnen nicht offen" in told.text and "Zum Chat" in told.text


@pytest.mark.django_db
def test_the_panel_shows_an_admin_no_conversations() -> None:
    assert not [name for name in addresses() if name.startswith("admin:chat_")]
