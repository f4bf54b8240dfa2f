"""Whatever is made is read, changed and deleted, in many an order, along the links of the description."""

from collections import Counter
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import GenerationMode

from accounts.models import Membership, Team, User
from accounts.roles import May
from config.rest import api as whole_api
from gateway.models import Scope
from tests.rag.files import pdf
from tests.rest.test_rights import EVERY, UPLOADS, ids  # noqa: F401  (a fixture)
from tests.rest.test_schemathesis import CHECKS, LEFT_OUT, address, keyed, no_fault  # noqa: F401  (a fixture)
from tests.test_access import house  # noqa: F401  (a fixture)

LEFT_OUT_HERE = {"discover_models", "restore_conversation"}  # it dials; what is deleted is there again
BODIES = {each.name: each.body for each in EVERY}
MADE = {
    "create_collection": "collection", "create_conversation": "conversation", "create_project": "project",
    "create_assistant": "assistant", "create_prompt": "prompt", "create_webhook": "webhook", "create_team": "team",
    "create_upstream": "upstream", "create_deployment": "deployment", "upload_document": "document",
}  # fmt: skip
# the first of them is always the simplest: one operation again and again
SEQUENCES = settings(max_examples=5, stateful_step_count=40, deadline=None, derandomize=True, phases=[Phase.generate],
                     suppress_health_check=list(HealthCheck))  # fmt: skip
ELSEWHERE = ("ignored_auth", "negative_data_rejection")  # test_schemathesis
TRIED = [check for check in CHECKS if check.__name__ not in ELSEWHERE]
SCHEMA: Any = schemathesis.openapi.from_dict(whole_api.get_openapi_schema())
SCHEMA.config.phases.stateful.inference.algorithms = []  # what follows what, the description says itself
SCHEMA.config.generation.modes = [GenerationMode.POSITIVE]  # the others: test_schemathesis


@dataclass
class Script:
    """Calls what the machine says, and remembers what came of it."""

    address: str
    headers: dict[str, str]
    ids: dict[str, object]  # of what no link names: what was made last
    seen: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def prepare(self, case: Any, linked: set[str]) -> None:
        """What is made is made of the description's example; a change that follows no reading is one of anything."""
        name = name_of(case)
        case.path_parameters.update({each: str(self.ids[each]) for each in case.path_parameters
                                     if each in self.ids and each not in linked})  # fmt: skip
        if case.method in ("PATCH", "PUT") and "If-Match" not in linked:
            case.headers["If-Match"] = "*"
        if case.method == "POST" and (body := BODIES[name]):
            case.body = {each: self._known(each, value) for each, value in body.items()}
        if name in UPLOADS:
            case.body, case.media_type = {"file": pdf([uuid4().hex])}, "multipart/form-data"

    def note(self, case: Any, response: Any) -> None:
        self.seen[name_of(case), response.status_code] += 1
        if response.status_code == 201 and (made := MADE.get(name_of(case))):
            self.ids[made] = response.json()["id"]

    def _known(self, name: str, value: object) -> object:
        known = self.ids.get(name, value)
        return known if isinstance(known, int) else str(known) if name in self.ids else value


def machine(script: Script, scopes: Container[str], may: Container[str]) -> Any:
    """Of the operations that are open to the script."""

    def is_open(context: Any) -> bool:
        told = context.operation.definition.raw
        is_allowed = told["x-scope"] in scopes and told.get("x-may", "") in may
        return is_allowed and told["operationId"] not in LEFT_OUT | LEFT_OUT_HERE

    class Sequence(SCHEMA.include(is_open).as_state_machine()):  # type: ignore[misc]
        def step(self, input: Any) -> Any:
            script.prepare(input.case, {name for _where, name in input.applied_parameters})
            return super().step(input)

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"base_url": script.address, "headers": script.headers, "timeout": 60}

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            """Nothing is raised: whoever began anew would find another state."""
            script.note(case, response)
            try:
                case.validate_response(response, checks=[*TRIED, no_fault], recorder=self.recorder)
            except (AssertionError, BaseExceptionGroup) as failure:
                script.wrong.append(f"{case.operation.label}: {failure} {getattr(failure, 'exceptions', '')}"[:1500])

    return Sequence


def name_of(case: Any) -> str:
    return str(case.operation.definition.raw["operationId"])


EVERY_SCOPE = {*Scope.values, ""}
OF_DOCUMENTS = {Scope.DOCUMENTS_READ, Scope.DOCUMENTS_WRITE, ""}
WHOLE_LIFE = {"create": 201, "get": 200, "change": 200, "delete": 204}


@pytest.mark.parametrize(
    ("who", "scopes", "may"),
    [
        ("alice", EVERY_SCOPE, {""}),
        ("lead", EVERY_SCOPE, {""}),
        ("admin", {Scope.ADMIN}, {each.name.lower() for each in May}),
        ("alice", OF_DOCUMENTS, {""}),
    ],
    ids=["member", "lead", "admin", "scoped"],
)
def test_what_is_made_is_read_changed_and_deleted(
    who: str,
    scopes: set[str],
    may: set[str],
    address: str,  # noqa: F811
    ids: dict[str, object],  # noqa: F811
    request: pytest.FixtureRequest,
) -> None:
    user = request.getfixturevalue(who)
    User.objects.update(remembers=True)
    Membership.objects.create(user=user, team=Team.objects.create(name="Technik", may_create_keys=True))
    script = Script(address, keyed(user, sorted(scopes - {""})), ids)
    machine(script, scopes, may).run(settings=SEQUENCES)
    assert not script.wrong, "\n\n".join(script.wrong)
    done = {(name.partition("_")[0], status) for name, status in script.seen}
    assert WHOLE_LIFE.items() <= done, script.seen
