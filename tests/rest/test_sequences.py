"""Whatever is made is read, changed and deleted, in many an order, along the links of the description."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from accounts.models import Membership, Team, User
from gateway.models import Scope
from tests.rest.test_rights import EVERY, ids, whole_api  # noqa: F401  (a fixture)
from tests.rest.test_schemathesis import CHECKS, LEFT_OUT, SCHEMA, address, keyed, no_fault  # noqa: F401  (a fixture)
from tests.test_access import house  # noqa: F401  (a fixture)

DIALS = {"discover_models"}
BODIES = {each.name: each.body for each in EVERY}
MACHINE: Any = SCHEMA.exclude(operation_id=[*LEFT_OUT, *DIALS]).as_state_machine()
SEQUENCES = settings(max_examples=3, stateful_step_count=100, deadline=None, derandomize=True, phases=[Phase.generate],
                     suppress_health_check=list(HealthCheck))  # fmt: skip


def machine(address: str, headers: dict[str, str], known: dict[str, object], seen: Counter[tuple[str, int]]) -> Any:  # noqa: F811
    class Sequence(MACHINE):  # type: ignore[misc]
        def step(self, input: Any) -> Any:
            """What no link names is what was made last, and what is made is made of the example."""
            case, linked = input.case, {name for _where, name in input.applied_parameters}
            case.path_parameters.update({name: str(known[name]) for name in case.path_parameters
                                         if name in known and name not in linked})  # fmt: skip
            if case.method == "POST" and (body := BODIES[name_of(case)]):
                case.body = {name: known.get(name, value) for name, value in body.items()}
            return super().step(input)

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"base_url": address, "headers": headers, "timeout": 60}

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            seen[name_of(case), response.status_code] += 1
            case.validate_response(response, checks=[*CHECKS, no_fault], recorder=self.recorder)

    return Sequence


def name_of(case: Any) -> str:
    return str(case.operation.definition.raw["operationId"])


@pytest.mark.parametrize("who", ["member", "lead", "admin", "scoped"])
def test_what_is_made_is_read_changed_and_deleted(
    who: str,
    address: str,  # noqa: F811
    ids: dict[str, object],  # noqa: F811
    alice: User,
    lead: User,
    admin: User,
) -> None:
    Membership.objects.create(user=alice, team=Team.objects.create(name="Technik", may_create_keys=True))
    headers = {
        "member": keyed(alice, list(Scope.values)),
        "lead": keyed(lead, list(Scope.values)),
        "admin": keyed(admin, list(Scope.values)),
        "scoped": keyed(alice, [Scope.DOCUMENTS_READ, Scope.DOCUMENTS_WRITE]),
    }[who]
    seen: Counter[tuple[str, int]] = Counter()
    import time
    t = time.time()
    try:
        machine(address, headers, dict(ids), seen).run(settings=SEQUENCES)
    finally:
        print(who, time.time() - t, sum(seen.values()))
        print(sorted(seen.items()))
