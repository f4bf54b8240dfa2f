"""All settings, read from the environment. What `env` reads may also be given as NAME_FILE, a path to its value."""

from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
import environ
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.http.request import split_domain_port
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from environ.fileaware_mapping import FileAwareMapping
from psycopg_pool import ConnectionPool
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.navigation import UNFOLD  # noqa: F401  (a setting)
from config.running.datadir import data_dir, secret
from config.running.programs import READING, Address
from config.running.variables import log_level

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent


class Variables(FileAwareMapping):  # type: ignore[misc]
    def __getitem__(self, name: str) -> str:
        return str(super().__getitem__(name)).strip()  # files end with a line end


env = environ.Env()
env.ENVIRON = Variables()

# --- where and who ---------------------------------------------------------------------------------------------
DATA_DIR = data_dir()
DEBUG = env.bool("VOLIERE_DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY", default="") or secret("secret_key", DATA_DIR / "secrets")
# upstream credentials at rest; several keys separated by commas: the first encrypts, all decrypt
ENCRYPTION_KEYS = env.list("VOLIERE_ENCRYPTION_KEYS", default=[]) or secret(
    "encryption_key", DATA_DIR / "secrets"
).split(",")
PUBLIC_URL = Address.from_environment().url
PORT = Address.from_environment().port
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
if (name := split_domain_port(urlsplit(PUBLIC_URL).netloc)[0]) not in ALLOWED_HOSTS:
    ALLOWED_HOSTS.append(name)
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE = PUBLIC_URL.startswith("https://")
METRICS_TOKEN = env("VOLIERE_METRICS_TOKEN", default="")

INSTALLED_APPS = [
    "config",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "allauth.usersessions",
    "accounts",
    "gateway",
    "rag",
    "chat",
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "servestatic",
    "django.contrib.staticfiles",
    "django.forms",
    "channels",
    "csp",
    "ninja",
]

MIDDLEWARE = [
    "config.middleware.connection_middleware",
    "accounts.middleware.origin_middleware",
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.panel_policy_middleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.preferences_middleware",
    "accounts.middleware.session_middleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.middleware.HoldMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- database, Redis, tasks ------------------------------------------------------------------------------------
DATABASES = {
    "default": {
        **env.db_url("DATABASE_URL"),
        "ENGINE": "django.db.backends.postgresql",
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "pool": {
                "min_size": 0,
                "max_size": env.int("VOLIERE_DATABASE_POOL", default=16),
                "timeout": 10,
                # while the database is away, tries begin anew each two seconds instead of ever more rarely
                "reconnect_timeout": 2,
                "reconnect_failed": ConnectionPool.check,
            }
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "config.cache.ForgivingCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1, "retry": Retry(NoBackoff(), 0)},
    }
}
# the other layer of channels_redis drops messages silently above 100 waiting in a channel
CHANNEL_LAYERS = {
    "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
LONG_TASKS = [
    "rag.tasks.ingest_document",
    "rag.tasks.tend_index",
    "config.tasks.write_export",
    "config.tasks.erase_person",
]
CELERY_TASK_ROUTES = {name: {"queue": READING} for name in [*LONG_TASKS, "config.tasks.apply_retention"]}
# every job is found again by a sweep over its row in PostgreSQL, so the broker may forget
CELERY_BEAT_SCHEDULE = {
    "sweep-documents": {"task": "rag.tasks.sweep_documents", "schedule": 15},
    "sweep-answers": {"task": "chat.tasks.sweep_answers", "schedule": 10},
    "remove-deleted": {"task": "chat.tasks.remove_deleted_conversations", "schedule": 30},
    "sweep-calls": {"task": "gateway.tasks.sweep_calls", "schedule": 10},
    # a worker that was busy makes up for no missed round
    "probe-upstreams": {"task": "gateway.tasks.probe_upstreams", "schedule": 15, "options": {"expires": 15}},
    "tend-servers": {"task": "config.tasks.tend_servers", "schedule": 5, "options": {"expires": 5}},
    "read-meters": {"task": "gateway.tasks.read_meters", "schedule": 15, "options": {"expires": 15}},
    "deliver-webhooks": {"task": "config.tasks.deliver_webhooks", "schedule": 5, "options": {"expires": 5}},
    "forget-ended-sessions": {"task": "accounts.tasks.forget_ended_sessions", "schedule": 3600},
    "keep-audit": {"task": "accounts.tasks.keep_audit", "schedule": 3600},
    # once a day would do, but not every machine is on at any given hour of it
    "sweep-personal-data": {"task": "config.tasks.sweep_personal_data", "schedule": 30},
    "begin-retention": {"task": "config.tasks.begin_retention", "schedule": 6 * 3600},
    "keep-ledger": {"task": "gateway.tasks.keep_ledger", "schedule": 3600},
}

# programs, by their whole paths, that may start and stop model servers; the panel can only choose among them
HOOK_COMMANDS = env.list("VOLIERE_HOOK_COMMANDS", default=[])

# --- the ledger ------------------------------------------------------------------------------------------------
CURRENCY = env("VOLIERE_CURRENCY", default="EUR")  # of prices and quotas; amounts are never converted
USAGE_RETENTION_MONTHS = env.int("VOLIERE_USAGE_RETENTION_MONTHS", default=24)  # 0: for ever

# --- the audit log ---------------------------------------------------------------------------------------------
AUDIT_RETENTION_MONTHS = env.int("VOLIERE_AUDIT_RETENTION_MONTHS", default=12)  # 0: for ever
AUDIT_ADDRESSES = env("VOLIERE_AUDIT_ADDRESSES", default="truncated")  # full, truncated to the network, none

# --- people ----------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend", "accounts.permissions.RoleBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = reverse_lazy("chat:home")
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900  # seconds after which a change of factors asks who it is
MFA_ADAPTER = "accounts.factors.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses come from who manages the house; none is verified by mail
MFA_TOTP_ISSUER = "Voliere"
MFA_TOTP_TOLERANCE = 1  # clocks of telephones are not exact
SOCIALACCOUNT_ADAPTER = "accounts.oidc.ProviderAdapter"
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"provider_class": "accounts.oidc.Provider"}}

# --- files -----------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = env("VOLIERE_STATIC_ROOT", default=str(DATA_DIR / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = DATA_DIR / "files"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.storage.StaticStorage"},
}
UPLOAD_MAX_BYTES = env.int("VOLIERE_UPLOAD_MAX_MB", default=100) * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
API_MAX_BYTES = 16 * 1024 * 1024  # of a request under /v1: some pictures
DATA_UPLOAD_MAX_NUMBER_FILES = 1000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # a server's page in the panel has ten for each of its models
FILE_UPLOAD_PERMISSIONS = 0o600

# --- languages -------------------------------------------------------------------------------------------------
LANGUAGE_CODE = env("VOLIERE_LANGUAGE", default="en")
LANGUAGES = [("en", _("English")), ("de", _("German"))]
FORMAT_MODULE_PATH = "config.formats"
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "panel"]
TIME_ZONE = env("VOLIERE_TIME_ZONE", default="Europe/Berlin")
USE_TZ = True

# --- the browser -----------------------------------------------------------------------------------------------
# whether a request came by https is for uvicorn to say: it believes the trusted proxies alone
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # other names below this one are not ours to speak for
    "security.W008",  # whoever ends TLS leads there from http; health is asked without
    "security.W021",  # nor is the browsers' preload list
]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# the panel's own scripts build functions from strings and style elements in place
PANEL_CONTENT_SECURITY_POLICY = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}{request_id}", "style": "{"}},
    "filters": {"request_ids": {"()": "gateway.tracing.RequestIds"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_ids"]}},
    "loggers": {
        # each sweep and each request upstream is not news
        **{name: {"level": "WARNING"} for name in ("celery.worker.strategy", "celery.app.trace", "celery.beat")},
        **{name: {"level": "WARNING"} for name in ("httpx2", "httpcore2", "openai")},
    },
    "root": {"handlers": ["console"], "level": log_level()},
}
