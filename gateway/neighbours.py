"""Inference servers on this very machine: looked for at their usual ports, offered to an admin, never registered by us.

Nothing but loopback is ever asked, without a key, and all of it is over within two seconds. In a container this is
the container itself.
"""

import asyncio
import logging
import shlex
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.conf import settings

from gateway import discovery, probing
from gateway.exceptions import UpstreamError
from gateway.models import Upstream

SECONDS = 2.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")
# who usually is there: a name for the upstream, where the server does not tell its own
PORTS = {
    11434: "Ollama",
    8000: "vLLM",
    8080: "llama.cpp",
    1234: "LM Studio",
    3000: "TGI",
    8081: "TGI",
    30000: "SGLang",
}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Neighbour:
    name: str
    base_url: str
    software: str = ""
    models: list[str] = field(default_factory=list)


def find() -> list[Neighbour]:
    """Those that answer with a list of models and are not registered yet."""
    ports = [port for port in PORTS if port not in {settings.PORT, *_registered()}]
    return probing.run(_ask_all(ports))


def at(base_url: str) -> Neighbour | None:
    """The usual place of that address, unasked; None for any other address."""
    return next((Neighbour(name, _url(port)) for port, name in PORTS.items() if _url(port) == base_url), None)


def hint(neighbour: Neighbour) -> list[str]:
    """For a terminal: who is there, and the command that registers it."""
    models = ", ".join(neighbour.models[:5]) + (", …" if len(neighbour.models) > 5 else "")
    return [
        f"Found {neighbour.software or 'a server'} at {neighbour.base_url}: {models or 'no models'}",
        f"  .venv/bin/python manage.py addupstream {shlex.quote(neighbour.name)} {neighbour.base_url}",
    ]


async def _ask_all(ports: list[int]) -> list[Neighbour]:
    found = await asyncio.gather(*map(_ask, ports))
    return [neighbour for neighbour in found if neighbour]


async def _ask(port: int) -> Neighbour | None:
    try:
        found = await discovery.look_around(Upstream(base_url=_url(port)), SECONDS)
    except UpstreamError as error:
        logger.debug("Nobody to offer at port %s: %s", port, error.code)
        return None
    return Neighbour(PORTS[port], _url(port), found.software, [model.id for model in found.models])


def _registered() -> set[int | None]:
    places = [urlsplit(url) for url in Upstream.objects.values_list("base_url", flat=True)]
    return {place.port for place in places if place.hostname in LOOPBACK}


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}/v1"
