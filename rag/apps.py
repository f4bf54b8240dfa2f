from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RagConfig(AppConfig):
    name = "rag"
    verbose_name = _("Knowledge")

    def ready(self) -> None:
        from rag import removal  # noqa: F401  (it listens; and needs the models)
