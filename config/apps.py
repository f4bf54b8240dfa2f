from django.apps import AppConfig

from config import (
    celery,  # noqa: F401  (makes the app that every task belongs to, before a task is defined)
    traces,
)


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        traces.begin()
