"""Every permission with its refused rows, as one table: `python -m tests.permissions` writes docs/permissions.md.

The rows of pages are those of tests/test_access.py; what is here is the panel, `/v1` and how it all is written down.
tests/test_permissions.py holds each row to the truth, and the written table to the rows.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

PARAMETER = re.compile(r"<\w+:(\w+)>|\(\?P<(\w+)>[^)]*\)")
PAGE = Path(__file__).resolve().parent.parent / "docs" / "permissions.md"

# --- pages of a collection: what an editor may beyond reading; the rest is its owner's
EDITORS_TOO = {
    "rag:cancel",
    "rag:cancel-all",
    "rag:document-delete",
    "rag:move",
    "rag:retry",
    "rag:retry-all",
    "rag:upload",
}

# --- the panel: what an admin may, and whether an auditor may look
ALL = "view change add delete"
PANEL: dict[str, tuple[str, bool]] = {
    "accounts.auditevent": ("view", True),
    "accounts.breakglass": ("view add", True),
    "accounts.controller": ("view change", True),
    "accounts.erasure": ("view", True),
    "accounts.houserules": ("view change", True),
    "accounts.identityprovider": (ALL, True),
    "accounts.invitation": ("view", True),
    "accounts.legalhold": ("view add delete", True),
    "accounts.notice": (ALL, True),
    "accounts.retentionrule": (ALL, True),
    "accounts.team": (ALL, True),
    "accounts.user": (ALL, True),
    "gateway.alias": (ALL, True),
    "gateway.apikey": (ALL, True),
    "gateway.deployment": (ALL, True),
    "gateway.energyhour": ("view", True),
    "gateway.energyrules": ("view change", True),
    "gateway.quota": (ALL, True),
    "gateway.upstream": (ALL, True),
    "gateway.delivery": ("view", False),
    "gateway.usage": ("view", False),
    "gateway.webhook": (ALL, True),
    "rag.collection": (ALL, False),
    "rag.document": ("view change delete", False),
    "rag.embeddingindex": ("view change add", True),
}
# its other addresses: whether an auditor may, too
PANEL_PAGES: dict[str, bool] = {
    "index": True,
    "app_list": True,
    "search": True,
    "jsi18n": True,
    "login": True,
    "logout": True,
    "password_change": True,
    "password_change_done": True,
    "view_on_site": True,
    "autocomplete": True,  # of what they may look at
    "accounts_auditevent_export": True,
    "accounts_breakglass_grant": True,
    "accounts_erasure_certificate": True,
    "accounts_user_export": False,
    "accounts_user_import": False,
    "auth_user_password_change": False,
    "gateway_apikey_rotate": False,
    "gateway_energyhour_export": True,
    "gateway_quota_export": False,
    "gateway_quota_import": False,
    "gateway_upstream_add_found": False,
    "gateway_usage_export": False,
    "gateway_webhook_rotate": False,
}
OF_A_MODEL = {"changelist": "view", "change": "view", "history": "view", "add": "add", "delete": "delete"}

# --- /v1: the scope that a key needs; none: any key
API: dict[str, str | None] = {
    "GET /models": None,
    "GET /models/{model:rest}": None,
    "GET /openapi.json": None,
    "POST /chat/completions": "chat",
    "POST /completions": "chat",
    "POST /responses": "chat",
    "POST /embeddings": "embeddings",
    "POST /rerank": "embeddings",
    "POST /audio/transcriptions": "audio",
    "GET /files": "documents-read",
    "POST /files": "documents-write",
    "GET /files/{file_id}": "documents-read",
    "DELETE /files/{file_id}": "documents-write",
    "GET /files/{file_id}/content": "documents-read",
    "GET /vector_stores": "documents-read",
    "POST /vector_stores": "documents-write",
    "GET /vector_stores/{vector_store_id}": "documents-read",
    "POST /vector_stores/{vector_store_id}": "documents-write",
    "DELETE /vector_stores/{vector_store_id}": "documents-write",
    "POST /vector_stores/{vector_store_id}/search": "documents-read",
    "GET /vector_stores/{vector_store_id}/files": "documents-read",
    "POST /vector_stores/{vector_store_id}/files": "documents-write",
    "GET /vector_stores/{vector_store_id}/files/{file_id}": "documents-read",
    "POST /vector_stores/{vector_store_id}/files/{file_id}": "documents-write",
    "DELETE /vector_stores/{vector_store_id}/files/{file_id}": "documents-write",
    "GET /vector_stores/{vector_store_id}/files/{file_id}/content": "documents-read",
    "POST /vector_stores/{vector_store_id}/file_batches": "documents-write",
    "GET /vector_stores/{vector_store_id}/file_batches/{batch_id}": "documents-read",
    "POST /vector_stores/{vector_store_id}/file_batches/{batch_id}/cancel": "documents-write",
    "GET /vector_stores/{vector_store_id}/file_batches/{batch_id}/files": "documents-read",
}

INTRODUCTION = """\
# Who may what

Written by `.venv/bin/python -m tests.permissions` out of the rows that the tests try, one by one, with real requests
(`tests/test_access.py`, `tests/test_permissions.py`, `tests/accounts/test_roles.py`). An address without a row fails
them, and so does this page when it is not what the rows say.

✓ is an answer, ✗ the same 404 as for what does not exist, → the way to the sign-in. `—` is refused.
"""


def written() -> str:
    from accounts.roles import LEAD, MAY, May, Role
    from tests.test_access import ROWS

    roles = (Role.MEMBER, LEAD, Role.AUDITOR, Role.ADMIN)
    permissions = ([what.value, *(_mark(what in MAY[role]) for role in roles)] for what in May)
    knowledge = {name: row for name, row in ROWS.items() if name.startswith("rag:")}
    others = {name: row for name, row in ROWS.items() if name not in knowledge}
    sections = [
        INTRODUCTION,
        "## Roles\n\nA team lead is one in their own team.\n",
        _table(["", "member", "team lead", "auditor", "admin"], permissions),
        "## Pages\n\nNo role opens what is not shared: an admin or auditor is a stranger here, "
        "but for invitations, which an admin revokes, and the counts of opinions, which both see.\n",
        _table(["address", "owner", "shared with", "stranger, of any role", "nobody"], _pages(others)),
        "## Collections and documents\n\nOf a team's collection its members are editors, its lead is the owner.\n",
        _table(["address", "owner", "editor", "viewer", "stranger, of any role", "nobody"], _knowledge(knowledge)),
        "## Panel\n\nMembers, team leads and nobody are sent to its sign-in by every address of it.\n",
        _table(["", "auditor", "admin"], _panel()),
        "## /v1\n\nThe key's owner sees what they see in the pages; of all else nothing is there (404).\n",
        _table(["address", "no key (401)", "a key without the scope (403)", "scope"], _api()),
    ]
    return "\n".join(sections)


def _mark(allowed: object) -> str:
    return "✓" if allowed else "—"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _signs(row: Iterable[object]) -> list[str]:
    return [{"found": "✓", "login": "→"}.get(str(one), "✗") for one in row]


def _pages(rows: Mapping[str, Any]) -> Iterator[list[str]]:
    for name, (method, row) in rows.items():
        yield [f"{method.upper()} `{path_of(name)}`", *_signs(row)]


def _knowledge(rows: Mapping[str, Any]) -> Iterator[list[str]]:
    for name, (method, (owner, viewer, stranger, nobody)) in rows.items():
        row = (owner, owner if name in EDITORS_TOO else viewer, viewer, stranger, nobody)
        yield [f"{method.upper()} `{path_of(name)}`", *_signs(row)]


def _panel() -> Iterator[list[str]]:
    for model, (admin, auditor) in PANEL.items():
        yield [f"`{model}`", "view" if auditor else "—", ", ".join(admin.split())]
    for name, auditor in PANEL_PAGES.items():
        yield [f"`{path_of(f'admin:{name}')}`", _mark(auditor), "✓"]


def _api() -> Iterator[list[str]]:
    for address, scope in API.items():
        method, _space, path = address.partition(" ")
        yield [f"{method} `/v1{path.replace(':rest', '')}`", "—", "—" if scope else "✓", scope or "any key"]


def path_of(wanted: str) -> str:
    return next(path for name, path in named_paths() if name == wanted)


def named_paths(
    patterns: Iterable[Any] | None = None, namespace: str = "", before: str = "/"
) -> Iterator[tuple[str, str]]:
    from django.urls import URLResolver, get_resolver

    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = before + PARAMETER.sub(r"<\1\2>", str(pattern.pattern)).replace("^", "").removesuffix("$")
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from named_paths(pattern.url_patterns, inner, path)
        elif pattern.name:
            yield namespace + pattern.name, path


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.setdefault(name, "postgres://unused@localhost/unused")  # nothing is asked of them
    django.setup()
    PAGE.write_text(written())
