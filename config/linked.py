"""What follows an operation, as links of OpenAPI: whatever is made is read, changed and deleted by the id in the
answer, and a change begins from the ETag of what was read."""

from collections.abc import Iterator
from typing import Any, NamedTuple

Object = dict[str, Any]
ETAG = "$response.header.ETag"
MADE = ("201", "202")


class Told(NamedTuple):
    path: str
    method: str
    operation: Object

    @property
    def parameters(self) -> list[str]:
        return [each["name"] for each in self.operation["parameters"] if each["in"] == "path"]

    @property
    def reads(self) -> str:
        """The parameter of what it answers."""
        return self.parameters[-1] if self.method == "get" and self.path.endswith("}") else ""

    def answer(self, *statuses: str) -> Object:
        answers = {str(status): answer for status, answer in self.operation["responses"].items()}
        return next((answers[status] for status in statuses if status in answers), {})

    def shape(self, *statuses: str) -> str:
        content: Object = self.answer(*statuses).get("content", {}).get("application/json", {})
        return str(content.get("schema", {}).get("$ref", "")).rpartition("/")[2]


def link(paths: Object, schemas: Object) -> None:
    """Adds them where they begin."""
    every = [Told(path, method, told) for path, methods in paths.items() for method, told in methods.items()]
    for source in every:
        if source.method == "post":
            name, where = made_by(source, every, schemas)
            source.answer(*MADE).update(_with(_after_making(source, name, where, every) if name else ()))
        elif source.reads:
            source.answer("200").update(_with(_after_reading(source, every)))


def made_by(source: Told, every: list[Told], schemas: Object) -> tuple[str, str]:
    """The parameter that names what it makes, and where in the answer its value stands."""
    shape = source.shape(*MADE)
    fields = schemas.get(shape, {}).get("properties", {})
    known = {name for each in every for name in each.parameters}
    if "id" in fields:
        behind = (each.path.removeprefix(source.path + "/{") for each in every)
        below = [rest.partition("}")[0] for rest in behind if not rest.startswith("/")]
        read = [each.reads for each in every if each.reads and each.shape("200") == shape]
        called = [name for name in known if source.path.endswith(f"/{name}s")]
        return next(iter([*below, *read, *called]), ""), "id"
    named = [(name, name) for name in fields if name in known]
    listed = {name: field.get("items", {}).get("$ref", "").rpartition("/")[2] for name, field in fields.items()}
    named += [(each.reads, f"{name}/0/id") for name, kind in listed.items() for each in every
              if kind and each.reads and each.shape("200") == kind]  # fmt: skip
    return next(iter(named), ("", ""))


def _after_making(source: Told, name: str, where: str, every: list[Told]) -> Iterator[tuple[str, Object]]:
    for target in every:
        if name in target.parameters and set(target.parameters) <= {*source.parameters, name}:
            found = {each: f"$request.path.{each}" for each in target.parameters} | {name: f"$response.body#/{where}"}
            yield _to(target, found | _condition(source.shape(*MADE), target))


def _after_reading(source: Told, every: list[Told]) -> Iterator[tuple[str, Object]]:
    for target in every:
        if target.path == source.path and target is not source:
            same = {each: f"$request.path.{each}" for each in target.parameters}
            yield _to(target, same | _condition(source.shape("200"), target))


def _condition(shape: str, target: Told) -> dict[str, str]:
    return {"If-Match": ETAG} if target.method in ("patch", "put") and target.shape("200") == shape else {}


def _to(target: Told, parameters: dict[str, str]) -> tuple[str, Object]:
    name = target.operation["operationId"]
    return name, {"operationId": name, "parameters": parameters}


def _with(links: Any) -> Object:
    found = dict(links)
    return {"links": found} if found else {}
