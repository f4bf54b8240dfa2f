"""/api/v1 as OpenAPI 3.1: what the library says of it, with who may, what else is answered, and examples."""

from typing import Any

from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from accounts.rest import problems
from accounts.rest.operations import SESSION, Guard
from accounts.rest.shapes import Problem
from config import linked

Object = dict[str, Any]
JSON = "application/json"
ALWAYS = {400, 401, 403, 404, 422, 429, 500, 503}
WITH_BODY = {409, 413, 415}
WITH_CONDITION = {412, 428}
PROBLEM: Object = {
    "description": "Refused.",
    "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
SECURITY: Object = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key: `Authorization: Bearer vol-…`"},
    "session": {"type": "apiKey", "in": "cookie", "name": "sessionid",
                "description": "Who is signed in; what changes something needs the header X-CSRFToken, too."},
}  # fmt: skip
ABOUT = """What a person can do in the pages, a script can do here, with the same rights and quotas.

Refusals are problem details (RFC 9457). Lists come in pages with a cursor. A change names the state that it begins
from (`If-Match`). A POST may carry an `Idempotency-Key`. Models are called under `/v1`, as OpenAI's clients do."""


class Description(OpenAPISchema):
    def operation_details(self, operation: Operation) -> Object:
        details: Object = super().operation_details(operation)
        guard = next(each for each in operation.auth_callbacks if isinstance(each, Guard))
        details["security"] = [{"session": []}] if guard.scope == SESSION else [{"key": []}, {"session": []}]
        details["x-scope"] = guard.scope
        if guard.may:
            details["x-may"] = guard.may.name.lower()
        method = operation.methods[0]
        details["parameters"] += _headers(method, operation)
        for status in _refusals(method, operation):
            details["responses"].setdefault(status, {"$ref": "#/components/responses/Refused"})
        details["operationId"] = operation.view_func.__name__
        return details


def described(api: Any) -> Object:
    found: Object = Description(api, "api/v1/")
    found["info"]["description"] = ABOUT
    found["servers"] = [{"url": "/"}]
    schemas = found["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= {**problem.pop("$defs"), "Problem": problem}
    found["components"] |= {"securitySchemes": SECURITY, "responses": {"Refused": PROBLEM}}
    for name, schema in schemas.items():
        if schema.get("type") == "object" and "examples" not in schema:
            schema["examples"] = [example(schemas[name], schemas)]
    linked.link(found["paths"], schemas)
    return dict(found)


def _headers(method: str, operation: Operation) -> list[Object]:
    text: Object = {"type": "string"}
    if method == "POST" and _takes_json(operation):
        return [_header("Idempotency-Key", text | {"maxLength": 200}, "The same request is run once in a day.")]
    if method in ("PATCH", "PUT"):
        return [_header("If-Match", text, "The ETag of what was read.")]
    return []


def _header(name: str, schema: Object, description: str) -> Object:
    return {"in": "header", "name": name, "required": False, "schema": schema, "description": description}


def _takes_json(operation: Operation) -> bool:
    return not any(model.__ninja_param_source__ in ("file", "form") for model in operation.models)


def _refusals(method: str, operation: Operation) -> set[int]:
    if method == "GET":
        return ALWAYS
    return ALWAYS | WITH_BODY | (WITH_CONDITION if method in ("PATCH", "PUT", "DELETE") else set())


def example(schema: Object, schemas: Object, depth: int = 0) -> Any:
    """Out of the examples of its fields."""
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rpartition("/")[2]], schemas, depth + 1)
    for known in ("examples", "enum"):
        if schema.get(known):
            return schema[known][0]
    for known in ("const", "default"):
        if known in schema:
            return schema[known]
    if several := schema.get("anyOf") or schema.get("allOf"):
        return example(several[0], schemas, depth + 1)
    return _of_type(schema, schemas, depth)


def _of_type(schema: Object, schemas: Object, depth: int) -> Any:
    match schema.get("type"):
        case "object" if depth < 8:
            properties = _needed(schema)
            return {name: example(each, schemas, depth + 1) for name, each in properties.items()}
        case "array":
            return [example(schema["items"], schemas, depth + 1)] if depth < 8 and "items" in schema else []
        case "boolean":
            return True
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "string":
            return "text"
    return None


def _needed(schema: Object) -> Object:
    """What has to be there; of a change, in which nothing has to, the first field."""
    properties: Object = schema.get("properties", {})
    needed = schema.get("required", list(properties)[:1])
    return {name: properties[name] for name in properties if name in needed}
