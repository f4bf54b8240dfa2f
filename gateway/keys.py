"""A person's own keys: who may have some, for which models, and how one is used."""

import json
import shlex

from django.conf import settings
from django.db.models import QuerySet

from accounts import roles
from accounts.models import User
from accounts.roles import May
from gateway import callers, catalogue
from gateway.callers import Caller
from gateway.models import ApiKey, Deployment, Scope

QUESTION = "What opens an aviary?"
ADDRESSES: list[tuple[str, str, str, dict[str, object]]] = [  # the first that key and owner may use is shown
    (Scope.CHAT, Deployment.Kind.CHAT, "chat/completions", {"messages": [{"role": "user", "content": QUESTION}]}),
    (Scope.EMBEDDINGS, Deployment.Kind.EMBEDDING, "embeddings", {"input": QUESTION}),
]


def may_create(user: User) -> bool:
    return roles.may(user, May.CREATE_KEYS) or user.teams.filter(may_create_keys=True).exists()


def admins() -> QuerySet[User]:
    """Whom to ask."""
    return User.objects.filter(is_superuser=True, is_active=True).order_by("name", "email")


def of(user: User) -> QuerySet[ApiKey]:
    return ApiKey.objects.filter(user=user).order_by("-created_at")


def offered_to(user: User) -> list[Deployment]:
    """One for every public name that they may call."""
    known = callers.standings.load(Caller(user).identity)
    offered = catalogue.catalogue.load(None).offered_to(known) if known else ()
    return [deployment for name, deployment in offered if name == deployment.name]


def example(key: ApiKey) -> str:
    """A command for a shell that tries a key of which the secret is known still."""
    models = [each for each in offered_to(key.user) if key.model_names is None or each.name in key.model_names]
    for scope, kind, address, body in ADDRESSES:
        model = next((each.name for each in models if each.kind == kind), None)
        if model and scope in key.scopes:
            return _command(key, address, {"model": model, **body})
    return _command(key, "models")


def _command(key: ApiKey, address: str, body: dict[str, object] | None = None) -> str:
    lines = [f"curl {settings.PUBLIC_URL}/v1/{address}", f'-H "Authorization: Bearer {key.secret}"']
    if body:
        text = json.dumps(body, ensure_ascii=False)
        lines += ['-H "Content-Type: application/json"', f"-d {shlex.quote(text)}"]
    return " \\\n  ".join(lines)
