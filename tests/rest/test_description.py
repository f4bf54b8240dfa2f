"""What /api/v1 promises, as OpenAPI. Whoever changes it sees that in the snapshot, which is renewed by

RENEW=1 .venv/bin/python -m pytest tests/rest/test_description.py
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from config.rest import api as whole_api
from tests.rest.conftest import Api
from tests.rest.test_rights import EVERY, named
from tests.test_access import ROWS as PAGES

SNAPSHOT = Path(__file__).with_name("openapi.txt")

# every address of the pages: what does the same here …
DONE: dict[str, str] = {
    "preferences": "change_preferences",
    "theme": "change_preferences",
    "sessions": "list_sessions",
    "sessions-end": "end_other_sessions",
    "session-end": "end_one_session",
    "invitations": "create_invitation",
    "invitation-revoke": "revoke_invitation",
    "chat:create": "create_conversation",
    "chat:conversation": "get_conversation",
    "chat:messages": "list_messages",
    "chat:ask": "ask",
    "chat:attach": "attach_file",
    "chat:detach": "detach_file",
    "chat:stop": "stop_answer",
    "chat:retry": "retry_answer",
    "chat:regenerate": "regenerate_answer",
    "chat:continue": "continue_answer",
    "chat:edit": "edit_message",
    "chat:show": "show_branch",
    "chat:take": "take_answer",
    "chat:opinion": "give_opinion",
    "chat:fork": "fork_conversation",
    "chat:history": "list_conversations",
    "chat:sidebar": "list_conversations",
    "chat:search": "search_conversations",
    "chat:rename": "change_conversation",
    "chat:pin": "change_conversation",
    "chat:archive": "change_conversation",
    "chat:move": "change_conversation",
    "chat:delete": "delete_conversation",
    "chat:restore": "restore_conversation",
    "chat:project-create": "create_project",
    "chat:project": "get_project",
    "chat:project-edit": "change_project",
    "chat:project-delete": "delete_project",
    "chat:project-attach": "attach_to_project",
    "chat:project-detach": "detach_from_project",
    "chat:share": "share_conversation",
    "chat:share-update": "update_share",
    "chat:share-revoke": "take_share_back",
    "chat:shares": "list_shares",
    "chat:shared": "read_share",
    "chat:shared-copy": "copy_share",
    "chat:assistants": "list_assistants",
    "chat:assistant-create": "create_assistant",
    "chat:assistant": "get_assistant",
    "chat:assistant-edit": "change_assistant",
    "chat:assistant-share": "offer_assistant",
    "chat:assistant-delete": "delete_assistant",
    "chat:prompts": "list_prompts",
    "chat:prompt-create": "create_prompt",
    "chat:prompt": "get_prompt",
    "chat:prompt-edit": "change_prompt",
    "chat:prompt-share": "offer_prompt",
    "chat:prompt-delete": "delete_prompt",
    "chat:memory": "remember_fact",
    "chat:memory-switch": "switch_memory",
    "chat:memory-clear": "forget_everything",
    "chat:memory-correct": "correct_fact",
    "chat:memory-forget": "forget_fact",
    "chat:import": "import_conversations",
    "chat:export-all": "export_conversations",
    "chat:export": "export_conversation",
    "chat:source": "get_message",  # with its citations
    "chat:receipt": "get_receipt",
    "chat:shared-receipt": "get_shared_receipt",
    "keys:list": "list_own_keys",
    "keys:create": "create_own_key",
    "keys:rotate": "rotate_own_key",
    "keys:revoke": "revoke_own_key",
    "webhooks:list": "list_webhooks",
    "webhooks:create": "create_webhook",
    "webhooks:log": "list_deliveries",
    "webhooks:edit": "change_webhook",
    "webhooks:rotate": "rotate_webhook",
    "webhooks:delete": "delete_webhook",
    "webhooks:switch-on": "switch_webhook_on",
    "webhooks:replay": "replay_delivery",
    "rag:collections": "list_collections",
    "rag:collection-create": "create_collection",
    "rag:collection": "get_collection",
    "rag:collection-status": "list_documents",
    "rag:collection-edit": "change_collection",
    "rag:collection-delete": "delete_collection",
    "rag:collection-search": "search",
    "rag:search": "search",
    "rag:try-out": "try_collection",
    "rag:upload": "upload_document",
    "rag:cancel-all": "cancel_documents",
    "rag:retry-all": "retry_documents",
    "rag:move": "move_documents",
    "rag:share": "share_collection",
    "rag:unshare": "unshare_collection",
    "rag:document": "get_document",
    "rag:document-status": "get_document",
    "rag:download": "get_file",
    "rag:retry": "retry_document",
    "rag:cancel": "cancel_document",
    "rag:document-delete": "delete_document",
    "usage": "own_usage",
    "data": "list_exports",
    "data-export": "begin_export",
    "data-download": "get_export",
    "erase-person": "erase_user",
    "jobs": "list_jobs",
}
# … and what nothing does, with the reason
SIGNING_IN = "coming in is for people: a script has its key"
IN_PERSON = "for who sits before the browser, and is asked there who they are"
OF_THE_PANEL = "a page of the panel"
SECOND_FACTOR = "factors are set up and taken away in a browser, by who sits before it"
WITHOUT = {
    **dict.fromkeys(
        named("""account_login account_logout account_signup account_inactive account_change_password
        account_set_password account_reauthenticate invitation setup socialaccount_connections
        socialaccount_login_cancelled openid_connect_login openid_connect_callback oidc_backchannel_logout"""),
        SIGNING_IN,
    ),
    **{name: SECOND_FACTOR for name in PAGES if name.startswith("mfa_")},
    **dict.fromkeys(
        named("erase erase-confirm erase-withdraw erased notice notice-version"),
        IN_PERSON,
    ),
    **dict.fromkeys(named("first-steps effective-settings records records-download"), OF_THE_PANEL),
    "notification-put-away": "for a person's own eyes: a script would put away what they never read",
    "about": "what the house tells everyone",
    **dict.fromkeys(named("healthz readyz metrics"), "for machines already"),
    **dict.fromkeys(named("manifest service-worker offline"), "for the browser"),
    **dict.fromkeys(named("api-docs problem"), "explain this very API"),
    "chat:home": "a page to begin at",
    "chat:options": "a menu of what stands above",
    "chat:transfer": "a page with two forms that stand above",
    "chat:temporary": "kept nowhere: /v1/chat/completions",
    "chat:temporary-ask": "kept nowhere: /v1/chat/completions",
    "rag:page-picture": "a drawing for people; scripts have the file and the text of the page",
    "opinions": "a page of the panel, sums alone",
}


def description() -> dict[str, Any]:
    return json.loads(json.dumps(whole_api.get_openapi_schema(), default=str))


def lines(told: dict[str, Any]) -> Iterator[str]:
    """One for each operation and one for each schema, so that a change is seen where it was made."""
    for path, methods in sorted(told["paths"].items()):
        for method, operation in sorted(methods.items()):
            answers = operation["responses"]
            refused = sorted(status for status, answer in answers.items() if "$ref" in answer)
            operation["responses"] = {status: answers[status] for status in answers if status not in refused}
            yield f"{method} {path} {json.dumps(operation, sort_keys=True)} refuses {' '.join(refused)}"
    for name, schema in sorted(told["components"]["schemas"].items()):
        yield f"{name} {json.dumps(schema, sort_keys=True)}"


def test_the_description_is_as_it_was_promised() -> None:
    told = "\n".join(lines(description())) + "\n"
    if os.environ.get("RENEW"):
        SNAPSHOT.write_text(told)
    assert told == SNAPSHOT.read_text(), __doc__


@pytest.mark.django_db
def test_it_is_told_to_who_may_call(api: Api) -> None:
    told = api.get("/openapi.json").json()
    assert told["openapi"] == "3.1.0" and len(told["paths"]) > 50


def test_every_page_has_its_operation_or_a_reason() -> None:
    assert set(DONE) | set(WITHOUT) == {name for name in PAGES if not name.startswith("api:")}
    assert set(DONE.values()) <= {operation.name for operation in EVERY} and not set(DONE) & set(WITHOUT)


def test_every_operation_says_how_it_refuses() -> None:
    for path, methods in description()["paths"].items():
        for method, operation in methods.items():
            assert {"400", "401", "403", "404", "422", "500"} <= set(operation["responses"]), (method, path)


def test_every_example_fits_its_schema() -> None:
    told = description()
    for name, schema in told["components"]["schemas"].items():
        for example in schema.get("examples", ()):
            whole = {**schema, "components": told["components"]}
            faults = [error.message for error in Draft202012Validator(whole).iter_errors(example)]
            assert not faults, (name, faults)


def shapes(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for each in kind.__subclasses__():
        yield each
        yield from shapes(each)


def test_no_two_shapes_have_one_name() -> None:
    """The later would take the place of the former in the description."""
    ours = {each for each in shapes(BaseModel) if ".rest" in each.__module__ and "[" not in each.__name__}
    names = [each.__name__ for each in ours]
    assert len(names) == len(set(names))
