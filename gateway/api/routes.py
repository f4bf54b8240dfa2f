"""Which address does what. The application under /v1 is composed of such routes in config/asgi.py."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gateway.api.http import Endpoint
from gateway.requests import Field

PARAMETER = re.compile(r"\{(\w+)(:rest)?\}")  # {name} is one part of a path, {name:rest} all that follows


class Route(NamedTuple):
    method: str
    path: str  # below /v1
    endpoint: Endpoint
    is_upload: bool = False  # read while it arrives
    # for the description alone: what a body may hold and has to, what a query may, and what comes back
    takes: Mapping[str, Field] = {}
    needs: Sequence[str] = ()
    asks: Mapping[str, Field] = {}
    gives: Sequence[str] = ("application/json",)


class Place(NamedTuple):
    """What is at an address: a route for every method that it takes, and what its path says."""

    routes: dict[str, Route]
    parameters: dict[str, str]

    @property
    def name(self) -> str | None:
        """The same for all ids: callers may make up as many addresses as they like."""
        return next((route.path for route in self.routes.values()), None)


class Table:
    def __init__(self, routes: Iterable[Route]) -> None:
        by_path: dict[str, dict[str, Route]] = {}
        for route in routes:
            by_path.setdefault(route.path, {})[route.method] = route
        self.plain = {path: Place(methods, {}) for path, methods in by_path.items() if "{" not in path}
        self.patterns: dict[str, list[tuple[re.Pattern[str], dict[str, Route]]]] = {}  # by the first part
        for path, methods in by_path.items():
            if "{" in path:
                self.patterns.setdefault(_first_part(path), []).append((_pattern(path), methods))

    def find(self, path: str) -> Place:
        if path in self.plain:
            return self.plain[path]
        for pattern, methods in self.patterns.get(_first_part(path), ()):
            if found := pattern.fullmatch(path):
                return Place(methods, found.groupdict())
        return Place({}, {})


def _first_part(path: str) -> str:
    return path[1:].partition("/")[0]


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(PARAMETER.sub(lambda found: f"(?P<{found[1]}>{'.+' if found[2] else '[^/]+'})", path))
