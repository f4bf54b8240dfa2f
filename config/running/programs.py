"""The programs of one Voliere: their command lines and the environment they share."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from config.running.datadir import secret
from config.running.ports import free_port
from config.running.variables import log_level, number, public_url, text

WEBSOCKET_MAX_BYTES = 262_144
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
READING, ROUNDS = "reading", "celery"  # queues: what may take minutes, and what has to come in time
DECIDED = "VOLIERE_DECIDED"  # names what `up` filled in, which in its programs looks like anybody's choice
GRACEFUL_SECONDS = 3  # open sockets and streams get this long when the web process is asked to end


@dataclass(frozen=True)
class Address:
    host: str
    port: int
    public_url: str = ""

    @classmethod
    def from_environment(cls) -> Self:
        return cls(text("HOST") or "127.0.0.1", number("PORT", 8000, 65535), public_url())

    @property
    def reachable_host(self) -> str:
        """One that stands for this machine, where `host` stands for all of its addresses."""
        return EVERYWHERE.get(self.host, self.host)

    @property
    def url(self) -> str:
        host = f"[{self.reachable_host}]" if ":" in self.reachable_host else self.reachable_host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def is_nameless(self) -> bool:
        """Whether other machines can connect but are refused, because we know of no name they would come by."""
        return self.host in EVERYWHERE and not self.public_url and not text("ALLOWED_HOSTS")


def environment(urls: dict[str, str], address: Address, folder: Path) -> dict[str, str]:
    """Ours, with what `up` decided; where no inference server is named, a place and a key for the embedded one."""
    values = {**os.environ, **urls, "DATA_DIR": str(folder), "HOST": address.host, "PORT": str(address.port)}
    values |= {"DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONUNBUFFERED": "1", "VOLIERE_LOG_LEVEL": log_level()}
    if not values.get("VOLIERE_INFERENCE_URL"):
        port = free_port()
        values |= {
            "VOLIERE_INFERENCE_URL": f"http://127.0.0.1:{port}/v1",
            "VOLIERE_INFERENCE_KEY": secret("inference_key", folder / "secrets"),
            "VOLIERE_INFERENCE_HOST": "127.0.0.1",
            "VOLIERE_INFERENCE_PORT": str(port),
        }
    decided = {DECIDED: ",".join(name for name in values if not os.environ.get(name))}
    return values | decided | shared_metrics(folder / "run" / "metrics")


def shared_metrics(folder: Path) -> dict[str, str]:
    """Where several web processes keep together what they count: any of them may be the one that is asked."""
    if number("VOLIERE_WEB_PROCESSES", 1, 64) == 1:
        return {}
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return {"PROMETHEUS_MULTIPROC_DIR": str(folder)}


def command(name: str, address: Address, folder: Path) -> list[str]:
    if name == "inference":
        return [sys.executable, "-m", "inference"]
    if name == "web":
        return _web(address)
    celery = [sys.executable, "-m", "celery", "--quiet", "-A", "config", "worker", "--loglevel", log_level()]
    celery += ["--without-gossip", "--without-mingle"]
    if name == "beat":  # does the rounds itself: however much there is to read, no sweep waits behind it
        schedule = str(folder / "run" / "beat-schedule")
        return [*celery, "-n", "beat@%h", "-Q", ROUNDS, "-P", "solo", "--beat", "--schedule", schedule]
    return [*celery, "-Q", READING, "-c", str(number("VOLIERE_WORKER_PROCESSES", 2, 64))]


def _web(address: Address) -> list[str]:
    arguments = [sys.executable, "-m", "uvicorn", "config.asgi:application"]
    arguments += ["--host", address.host, "--port", str(address.port), "--loop", "uvloop", "--http", "httptools"]
    arguments += ["--ws-max-size", str(WEBSOCKET_MAX_BYTES), "--timeout-graceful-shutdown", str(GRACEFUL_SECONDS)]
    # addresses of people belong to no log; X-Forwarded-* counts only from the proxies named
    arguments += ["--no-access-log", "--no-server-header", "--proxy-headers", "--log-level", log_level().lower()]
    arguments += ["--forwarded-allow-ips", os.environ.get("VOLIERE_TRUSTED_PROXIES") or "127.0.0.1"]
    return [*arguments, "--workers", str(number("VOLIERE_WEB_PROCESSES", 1, 64))]
