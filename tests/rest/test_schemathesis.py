"""Whatever is sent to /api/v1 is answered as it is described, to whoever sends it."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS as KNOWN

from accounts.models import User
from chat.models import Message
from gateway.models import ApiKey, Scope
from tests.gateway.serving import in_this_process
from tests.rest.test_rights import ids, whole_api  # noqa: F401  (a fixture)
from tests.test_access import house  # noqa: F401  (a fixture)

SCHEMA: Any = schemathesis.openapi.from_dict(whole_api.get_openapi_schema())
LEFT_OUT = {"follow_answer"}  # a stream: tests/rest/test_messages.py
# what is valid by its form may still name a model that is not there, or no state to begin from: that an example of each
# body is taken is shown by test_rights
CHECKS = [
    check for check in KNOWN.get_all() if check.__name__ not in ("positive_data_acceptance", "not_a_server_error")
]


def no_fault(ctx: Any, response: Any, case: Any) -> None:
    """A model that is not there is told as 503."""
    assert response.status_code < 500 or response.status_code == 503, response.text


def few(examples: int) -> Any:
    return settings(max_examples=examples, deadline=None, derandomize=True, phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck))  # fmt: skip


def give_up(answer: Message) -> None:
    """Instead of writing: there is no model."""
    try:
        Message.objects.filter(pk=answer.pk).update(status=Message.Status.FAILED)
    finally:
        connection.close()


@pytest.fixture
def address(ids: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:  # noqa: F811
    monkeypatch.setattr("chat.generation.start", lambda answer: threading.Thread(target=give_up, args=[answer]).start())
    with in_this_process() as url:
        yield url


def keyed(user: User, scopes: list[str]) -> dict[str, str]:
    key, secret = ApiKey.create(user, "script")
    ApiKey.objects.filter(pk=key.pk).update(scopes=scopes)
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize(
    ("who", "examples"), [("member", 3), ("lead", 1), ("admin", 2), ("scoped", 1), ("anonymous", 1)]
)
def test_whatever_is_sent_is_answered_as_described(
    who: str,
    examples: int,
    address: str,
    ids: dict[str, object],  # noqa: F811
    alice: User,
    lead: User,
    admin: User,
) -> None:
    headers = {
        "member": keyed(alice, list(Scope.values)),
        "lead": keyed(lead, list(Scope.values)),
        "admin": keyed(admin, list(Scope.values)),
        "scoped": keyed(alice, [Scope.DOCUMENTS_READ]),
        "anonymous": {},
    }[who]
    wrong: list[str] = []
    for found in SCHEMA.get_all_operations():
        operation = found.ok()
        if operation.definition.raw["operationId"] in LEFT_OUT:
            continue

        @few(examples)
        @given(case=operation.as_strategy())
        def check(case: Any) -> None:
            real = {name: str(ids[name]) for name in case.path_parameters if name in ids}
            case.path_parameters.update(real)
            case.call_and_validate(base_url=address, headers=headers, checks=[*CHECKS, no_fault], timeout=60)

        try:
            check()
        except (AssertionError, BaseExceptionGroup) as failure:
            wrong.append(f"{operation.label}: {failure}"[:1500])
    assert not wrong, "\n\n".join(wrong)
