"""/v1 described as OpenAPI, out of the table of its routes and the fields that their requests are checked by."""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.api.http import Answer, Request
from gateway.api.routes import PARAMETER, Route
from gateway.requests import Field

Object = dict[str, Any]
JSON, FORM, STREAM = "application/json", "multipart/form-data", "text/event-stream"
TEXT: Object = {"type": "string"}
ERROR: Object = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {"message": TEXT, "type": TEXT, "param": {"type": ["string", "null"]}, "code": TEXT},
        }
    },
}


def described(routes: Iterable[Route]) -> list[Route]:
    """The routes, and one more that describes them all."""
    whole = list(routes)

    async def description(request: Request) -> Answer:
        return Answer.of(document(whole))

    whole.append(Route("GET", "/openapi.json", description))
    return whole


def document(routes: Iterable[Route]) -> Object:
    paths: dict[str, Object] = {}
    for route in routes:
        paths.setdefault(PARAMETER.sub(r"{\1}", route.path), {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Voliere", "version": "1"},
        "servers": [{"url": "/v1"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": {"Error": ERROR},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route) -> Object:
    error = {"description": "what is wrong", "content": {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}}
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": TEXT} for name, _ in PARAMETER.findall(route.path)
    ]
    in_query = [{"name": name, "in": "query", "schema": _schema(field)} for name, field in route.asks.items()]
    said: Object = {"parameters": in_path + in_query, "responses": {"200": _answer(route), "default": error}}
    if route.takes:
        body = {"schema": _body(route.takes, route.needs)}
        content = {FORM if route.is_upload else JSON: body}
        said["requestBody"] = {"required": bool(route.needs), "content": content}
    return said


def _answer(route: Route) -> Object:
    content: Object = {kind: {} for kind in route.gives}
    if JSON in content:
        content[JSON] = {"schema": {"type": "object"}}
    return {"description": "done", "content": content}


def _body(takes: Mapping[str, Field], needs: Iterable[str]) -> Object:
    properties = {name: _schema(field) for name, field in takes.items()}
    return {"type": "object", "properties": properties, "required": list(needs)}


def _schema(field: Field) -> Object:
    return {**field.schema, "description": str(field.expected)}
