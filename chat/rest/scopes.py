from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest

from accounts.exceptions import OutOfScope
from accounts.rest.operations import principal
from gateway.models import Scope


def may_read_documents(request: HttpRequest, collections: Sequence[Any]) -> None:
    """Answers tell what is in a collection, so a key for chats alone names none. Raises `OutOfScope`."""
    scopes = principal(request).scopes
    if collections and scopes is not None and Scope.DOCUMENTS_READ not in scopes:
        raise OutOfScope
