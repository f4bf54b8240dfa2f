"""/v1 as it describes itself, and whether it keeps to that."""

from typing import Any

import httpx2
import openai
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from config.asgi import routes
from gateway.api.openapi import document
from gateway.api.routes import PARAMETER

SCHEMA: Any = schemathesis.openapi.from_dict(document(routes))
CHECKS = [not_a_server_error, response_schema_conformance, status_code_conformance]
FEW = settings(
    max_examples=6, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


@pytest.fixture
def real(sdk: openai.OpenAI) -> dict[str, str]:
    """Ids that exist, or all answers would be 404."""
    file = sdk.files.create(file=("haus.txt", b"Haus"), purpose="user_data").id
    store = sdk.vector_stores.create(name="Haus", file_ids=[file]).id
    batch = sdk.vector_stores.file_batches.create(store, file_ids=[file]).id
    return {"vector_store_id": store, "file_id": file, "batch_id": batch}


def test_every_address_is_described(sdk: openai.OpenAI, address: str) -> None:
    told = httpx2.get(f"{address}/openapi.json", headers={"Authorization": f"Bearer {sdk.api_key}"}).json()
    described = {(method.upper(), path) for path, methods in told["paths"].items() for method in methods}
    assert described == {(route.method, PARAMETER.sub(r"{\1}", route.path)) for route in routes}


@SCHEMA.parametrize()
@FEW
def test_whatever_is_sent_is_answered_as_described(
    case: schemathesis.Case, sdk: openai.OpenAI, address: str, real: dict[str, str]
) -> None:
    case.path_parameters.update({name: one for name, one in real.items() if name in case.path_parameters})
    headers = {"Authorization": f"Bearer {sdk.api_key}"}
    case.call_and_validate(base_url=address, headers=headers, checks=CHECKS, timeout=60)
