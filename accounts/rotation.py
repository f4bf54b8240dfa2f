"""Secrets at rest, encrypted anew by the first of the keys: after it, nothing needs the others."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.apps import apps
from django.db import connection, models, transaction

from accounts import audit, encryption
from accounts.audit import Kind

OF_FACTORS = ("secret", "seed")  # of authenticator apps and of recovery codes


@dataclass
class Rotation:
    rotated: int = 0
    unreadable: list[str] = field(default_factory=list)  # by column and id: no key that is left fits

    def turn(self, text: str, place: str) -> str:
        try:
            turned = encryption.rotated(text)
        except InvalidToken:
            self.unreadable.append(place)
            return text
        self.rotated += 1
        return turned


@transaction.atomic
def rotate() -> Rotation:
    """What no key fits stays as it is."""
    rotation = Rotation()
    for model, column in _columns():
        _rotate_column(model, column, rotation)
    for factor in Authenticator.objects.select_for_update().order_by("pk"):
        for name in OF_FACTORS:
            if isinstance(factor.data.get(name), str):
                factor.data[name] = rotation.turn(factor.data[name], f"mfa.authenticator {factor.pk}")
        Authenticator.objects.filter(pk=factor.pk).update(data=factor.data)
    audit.record(Kind.SECRETS_ROTATED, detail=f"{rotation.rotated} encrypted anew")
    return rotation


def _columns() -> Iterator[tuple[type[models.Model], str]]:
    for model in apps.get_models():
        for each in model._meta.concrete_fields:
            if isinstance(each, encryption.EncryptedTextField) and each.model is model and each.column:
                yield model, each.column


def _rotate_column(model: type[models.Model], column: str, rotation: Rotation) -> None:
    """As it stands in the table: the field itself would decrypt what it reads."""
    quoted = connection.ops.quote_name
    table, name, pk = quoted(model._meta.db_table), quoted(column), quoted(model._meta.pk.column or "")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {pk}, {name} FROM {table} WHERE {name} <> '' ORDER BY {pk} FOR UPDATE")  # noqa: S608
        for row, text in cursor.fetchall():
            turned = rotation.turn(text, f"{model._meta.label_lower}.{column} {row}")
            cursor.execute(f"UPDATE {table} SET {name} = %s WHERE {pk} = %s", [turned, row])  # noqa: S608
