"""The variables that docs/running.md describes, with what is in force of each; a test holds the two together."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.running.programs import Address
from config.running.variables import log_level, number


@dataclass(frozen=True)
class Variable:
    """Without a function that tells the value in force it is what the environment says."""

    name: str
    meaning: Promise
    value: Callable[[], object] | None = None
    is_secret: bool = False
    is_made: bool = False  # where nobody sets it, Voliere makes or chooses it
    is_plain: bool = False  # no file can hold it


def _pool() -> object:
    return settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"]


def _proxies() -> object:
    return os.environ.get("VOLIERE_TRUSTED_PROXIES") or "127.0.0.1"


def _embedding_model() -> object:
    return os.environ.get("VOLIERE_EMBEDDING_MODEL") or "all-MiniLM-L6-v2"


ADDRESS = (
    Variable("HOST", _("Address that people's browsers reach"), lambda: Address.from_environment().host),
    Variable("PORT", _("Port there"), lambda: settings.PORT),
    Variable("PUBLIC_URL", _("What people type, and what links begin with"), lambda: settings.PUBLIC_URL),
    Variable("ALLOWED_HOSTS", _("Names people may come by"), lambda: settings.ALLOWED_HOSTS),
    Variable("VOLIERE_TRUSTED_PROXIES", _("Proxies whose word on addresses is taken"), _proxies, is_plain=True),
)
SERVICES = (
    Variable(
        "DATA_DIR",
        _("Everything worth keeping: database, files, secrets"),
        lambda: settings.DATA_DIR,
        is_plain=True,
    ),
    Variable("DATABASE_URL", _("PostgreSQL, the only place where truth lives"), is_made=True),
    Variable("REDIS_URL", _("Redis, which holds only what may be lost"), is_made=True),
    Variable("VOLIERE_DATABASE_POOL", _("Connections to the database of each process"), _pool),
    Variable("VOLIERE_STATIC_ROOT", _("Where style sheets and scripts are collected"), lambda: settings.STATIC_ROOT),
    Variable("VOLIERE_WEB_PROCESSES", _("Processes that serve pages"), lambda: number("VOLIERE_WEB_PROCESSES", 1, 64)),
    Variable(
        "VOLIERE_WORKER_PROCESSES",
        _("Documents that are read at once"),
        lambda: number("VOLIERE_WORKER_PROCESSES", 2, 64),
    ),
)
SECRETS = (
    Variable("SECRET_KEY", _("Signs sessions and forms"), lambda: settings.SECRET_KEY, is_secret=True, is_made=True),
    Variable(
        "VOLIERE_ENCRYPTION_KEYS",
        _("Encrypt the credentials of model servers"),
        lambda: settings.ENCRYPTION_KEYS,
        is_secret=True,
        is_made=True,
    ),
    Variable("VOLIERE_ADMIN_EMAIL", _("Makes the first admin at the first start")),
    Variable("VOLIERE_ADMIN_PASSWORD", _("Their password"), is_secret=True),
    Variable("VOLIERE_METRICS_TOKEN", _("Opens the metrics to other machines"), is_secret=True),
    Variable("VOLIERE_INFERENCE_KEY", _("For the model server that comes along"), is_secret=True, is_made=True),
)
GENERAL = (
    Variable(
        "VOLIERE_HOOK_COMMANDS",
        _("Programs that may start and stop model servers"),
        lambda: settings.HOOK_COMMANDS,
    ),
    Variable("VOLIERE_LANGUAGE", _("For whoever has chosen none"), lambda: settings.LANGUAGE_CODE),
    Variable("VOLIERE_TIME_ZONE", _("Of times shown, and of days and months"), lambda: settings.TIME_ZONE),
    Variable("VOLIERE_CURRENCY", _("Of prices and quotas"), lambda: settings.CURRENCY),
    Variable(
        "VOLIERE_UPLOAD_MAX_MB", _("Largest file in megabytes"), lambda: settings.UPLOAD_MAX_BYTES // 1024 // 1024
    ),
    Variable("VOLIERE_LOG_LEVEL", _("How much the programs say"), log_level),
    Variable("VOLIERE_DEBUG", _("Shows the inner workings of errors to everyone"), lambda: settings.DEBUG),
    Variable("OTEL_EXPORTER_OTLP_ENDPOINT", _("Where traces go"), is_plain=True),
)
KEPT = (
    Variable(
        "VOLIERE_USAGE_RETENTION_MONTHS",
        _("Months that the ledger of calls is kept; 0: for ever"),
        lambda: settings.USAGE_RETENTION_MONTHS,
    ),
    Variable(
        "VOLIERE_AUDIT_RETENTION_MONTHS",
        _("Months that the audit log is kept; 0: for ever"),
        lambda: settings.AUDIT_RETENTION_MONTHS,
    ),
    Variable(
        "VOLIERE_AUDIT_ADDRESSES", _("How much of addresses the audit log keeps"), lambda: settings.AUDIT_ADDRESSES
    ),
)
INFERENCE = (
    Variable("VOLIERE_INFERENCE_URL", _("Where it is"), is_made=True, is_plain=True),
    Variable(
        "VOLIERE_EMBEDDING_MODEL",
        _("Model that finds passages"),
        _embedding_model,
        is_plain=True,
    ),
    Variable("VOLIERE_CHAT_MODEL", _("Chat model beside the librarian"), is_plain=True),
    Variable("VOLIERE_RERANK_MODEL", _("Model that reranks"), is_plain=True),
    Variable("VOLIERE_INFERENCE_THREADS", _("Threads; one fewer than cores and at most 4 by default"), is_plain=True),
    Variable("VOLIERE_INFERENCE_HOST", _("Address where it listens"), is_made=True, is_plain=True),
    Variable("VOLIERE_INFERENCE_PORT", _("Port where it listens"), is_made=True, is_plain=True),
)
GROUPS = (
    (_("Address"), ADDRESS),
    (_("Services"), SERVICES),
    (_("Secrets"), SECRETS),
    (_("Other things"), GENERAL),
    (_("How long things are kept"), KEPT),
    (_("The model server that comes along"), INFERENCE),
)
