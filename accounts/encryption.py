"""Secrets at rest: Fernet over keys from the settings; the first encrypts, all decrypt, so keys can be rotated."""

import base64
import hashlib
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django import forms
from django.conf import settings
from django.db import models


@lru_cache(maxsize=1)
def _cipher() -> MultiFernet:
    return MultiFernet(
        [Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest())) for key in settings.ENCRYPTION_KEYS]
    )


def encrypted(text: str) -> str:
    return _cipher().encrypt(text.encode()).decode()


def decrypted(text: str) -> str:
    return _cipher().decrypt(text.encode()).decode()


def rotated(text: str) -> str:
    """The same, encrypted by the first key; raises InvalidToken where no key fits."""
    return _cipher().rotate(text.encode()).decode()


class SecretField(forms.CharField):
    """What is kept is never shown again, so an empty field is no change."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data) and super().has_changed(initial, data)


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]  # Django fields take no parameters at run time
    """Text that the database only sees encrypted. It cannot be searched."""

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": SecretField, **kwargs})

    def get_prep_value(self, value: Any) -> Any:
        return encrypted(value) if value else value

    def from_db_value(self, value: str | None, *args: object) -> str | None:
        return decrypted(value) if value else value
