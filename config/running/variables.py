"""Environment variables that are needed before the settings can be read. Every wrong value is one clear line."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from config.running.exceptions import StartError

SERVICES = {
    "DATABASE_URL": (("postgres", "postgresql"), "postgres://user:password@host:5432/name"),
    "REDIS_URL": (("redis", "rediss", "unix"), "redis://:password@host:6379/0"),
}
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def text(name: str) -> str:
    """Its value, or the content of the file that NAME_FILE points to."""
    path = os.environ.get(f"{name}_FILE")
    try:
        return Path(path).read_text().strip() if path else os.environ.get(name, "")
    except OSError as error:
        raise StartError(f"Cannot read {path} ({name}_FILE): {error.strerror}.") from error


def number(name: str, default: int, largest: int) -> int:
    value = text(name) or str(default)
    if not value.isdecimal() or not 1 <= int(value) <= largest:
        raise StartError(f"{name} must be a number from 1 to {largest}, not {value!r}.")
    return int(value)


def log_level() -> str:
    value = text("VOLIERE_LOG_LEVEL").upper() or "WARNING"
    if value not in LOG_LEVELS:
        raise StartError(f"VOLIERE_LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}, not {value!r}.")
    return value


def public_url() -> str:
    """PUBLIC_URL; empty where people come by the address we serve at."""
    value = text("PUBLIC_URL").rstrip("/")
    if value and not re.fullmatch(r"https?://[^/\s]+", value):
        raise StartError(f"PUBLIC_URL must look like https://chat.example.org, not {value!r}.")
    return value


def service_url(name: str) -> str:
    """DATABASE_URL or REDIS_URL; empty where the embedded service is wanted."""
    value = text(name)
    schemes, example = SERVICES[name]
    if value and urlsplit(value).scheme not in schemes:
        raise StartError(f"{name} must look like {example}")
    return value
