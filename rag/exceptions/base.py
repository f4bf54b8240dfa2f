from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class RagError(Exception):
    status = 500
    code = "rag_error"
    message: str | Promise = _("Something went wrong with this document.")

    def __str__(self) -> str:
        return str(self.message)
