"""Promises about the code itself, kept by reading and importing it."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ["accounts", "gateway", "rag", "chat", "config"]  # each may import those before it
OUTER = {
    "admin",
    "table_admin",
    "consumers",
    "tasks",
    "urls",
    "views",
    "api",
    "rest",
    "mcp",
    "invitation_views",
    "oidc_views",
    "session_views",
    "document_views",
    "batch_views",
    "sharing_views",
    "search_views",
    "history_views",
    "message_views",
    "memory_views",
    "project_views",
    "temporary_views",
    "transfer_views",
    "data_views",
    "records_views",
    "assistant_views",
    "prompt_views",
    "receipt_views",
    "usage_views",
    "notice_views",
    "webhook_views",
    "webhook_urls",
    "notification_views",
}
HEAVY = ["torch", "sentence_transformers", "transformers", "pypdfium2", "docx", "py3langid", "lxml", "mcp"]
LONGEST_MODULE, LONGEST_FUNCTION = 300, 40  # lines


def modules(*folders: str) -> list[Path]:
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path.relative_to(ROOT) for path in found if "migrations" not in path.parts)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", modules(*ROOMS), ids=str)
def test_rooms_import_only_the_rooms_below(path: Path) -> None:
    above = set(ROOMS[ROOMS.index(path.parts[0]) + 1 :]) | {"inference"}
    assert {name.split(".")[0] for name in imports(path)} & above == set()


@pytest.mark.parametrize("path", modules("inference"), ids=str)
def test_the_model_server_knows_nothing_of_us(path: Path) -> None:
    assert {name.split(".")[0] for name in imports(path)} & {*ROOMS, "django"} == set()


@pytest.mark.parametrize("path", modules(*ROOMS[:-1]), ids=str)
def test_activity_modules_do_not_import_views_and_the_like(path: Path) -> None:
    if {path.stem, *path.parts} & {*OUTER, "commands"}:
        return
    outer = {f"{room}.{name}" for room in ROOMS for name in OUTER}
    assert set(imports(path)) & outer == set()


@pytest.mark.parametrize("path", modules(*ROOMS, "inference"), ids=str)
def test_modules_and_functions_stay_small(path: Path) -> None:
    text = (ROOT / path).read_text()
    functions = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    too_long = [node.name for node in functions if (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION]
    assert text.count("\n") <= LONGEST_MODULE and too_long == []


def test_no_room_is_named_for_nothing() -> None:
    assert not {"utils", "helpers", "services", "core", "common"} & {path.stem for path in modules(*ROOMS, "inference")}


@pytest.mark.parametrize("entrance", ["config.asgi", "config.urls", "rag.tasks", "chat.tasks"])
def test_web_and_worker_load_no_heavy_library(entrance: str) -> None:
    code = f"import django, sys; django.setup(); import {entrance}; print(*(set({HEAVY}) & set(sys.modules)))"
    environment = {"DJANGO_SETTINGS_MODULE": "config.settings", **os.environ}
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (loaded.returncode, loaded.stdout.split()) == (0, []), loaded.stderr


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_nothing_is_pinned_that_brings_cuda() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        names = [line.split("==")[0] for line in path.read_text().splitlines() if "==" in line]
        assert not [name for name in names if name.startswith(("nvidia", "cuda", "triton")) or name == "torch"]


# whoever may open a connection of their own, and why it is not one to an address that somebody named
NETWORK = {"aiohttp", "ftplib", "http.client", "httpcore", "httpx", "httpx2", "requests", "smtplib", "socket"}
NETWORK |= {"urllib.request", "urllib3", "websockets", "xmlrpc"}
MAY_DIAL = {
    "accounts/addresses.py": "the rules themselves",
    "accounts/dialling.py": "identity providers, by the rules",
    "accounts/oidc.py": "allauth's sessions, dialled by the rules",
    "accounts/oidc_views.py": "what can go wrong with them",
    "gateway/egress.py": "the way out",
    "gateway/connections.py": "sessions of the way out, kept",
    "gateway/probing.py": "sessions of the way out",
    "gateway/outward.py": "the type of an answer",
    "gateway/server_events.py": "what can go wrong with an answer",
    "gateway/relay.py": "answers and what can go wrong with them",
    "gateway/routing.py": "the type of a form",
    "gateway/transcriptions.py": "forms",
    "config/running/ports.py": "who listens at a port; of no use to a request",
    "config/running/supervisor.py": "the address that we listen at",
}
OPENING = {
    "ClientSession",
    "TCPConnector",
    "UnixConnector",
    "open_connection",
    "create_connection",
    "urlopen",
    "HTTPAdapter",
}
MAY_OPEN = {"gateway/egress.py", "accounts/dialling.py", "config/running/ports.py"}


@pytest.mark.parametrize("path", modules(*ROOMS), ids=str)
def test_there_is_one_way_out(path: Path) -> None:
    names = set(imports(path))
    network = {name for name in names for library in NETWORK if name == library or name.startswith(f"{library}.")}
    assert not network or str(path) in MAY_DIAL


@pytest.mark.parametrize("path", modules(*ROOMS), ids=str)
def test_only_the_way_out_opens_connections(path: Path) -> None:
    calls = (node.func for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.Call))
    called = {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}
    assert not called & OPENING or str(path) in MAY_OPEN


def test_nobody_may_dial_without_need() -> None:
    needed = {str(path) for path in modules(*ROOMS) if {name.split(".")[0] for name in imports(path)} & NETWORK}
    assert needed == set(MAY_DIAL)
