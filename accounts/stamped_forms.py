"""Two people with the same form open: who saves second is told, and nothing of the first is overwritten silently.

A form carries a stamp of its row as it was shown. Django compares what is sent with the row as it is by then, and would
take every field that the other one changed for one that was changed back.
"""

import json
from typing import Any, ClassVar, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.forms.models import model_to_dict
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

Row = TypeVar("Row", bound=Model)


class StampField(forms.CharField):
    def has_changed(self, initial: Any, data: Any) -> bool:
        """It is nothing that anybody enters."""
        return False


class StampedForm(forms.ModelForm[Row]):
    also_stamped: ClassVar[list[str]] = []  # columns that the form shows in another shape

    stamp = StampField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._entered = {*self.fields, *self.also_stamped}  # a set of forms adds ids to each later on
        if self.instance.pk:
            self.initial["stamp"] = self._stamp(self.instance)

    def clean(self) -> dict[str, Any]:
        """Whoever sends no stamp, as a script may, is not asked for one."""
        data = super().clean() or {}
        given = data.get("stamp")
        if given and self.instance.pk and not constant_time_compare(given, self._stamp(self._locked())):
            raise ValidationError(
                _(
                    "Somebody else changed this while it was open here. Nothing was saved: load the page anew, look at "
                    "what is there now, and make your change again."
                )
            )
        return data

    def _locked(self) -> Model:
        """As it is now, until what is saved here is saved."""
        return type(self.instance)._base_manager.select_for_update(of=("self",)).get(pk=self.instance.pk)

    def _stamp(self, row: Model) -> str:
        """A secret among the columns cannot be guessed from it."""
        columns = {field.name for field in (*row._meta.concrete_fields, *row._meta.many_to_many)}
        shown = sorted(columns & self._entered)
        values = json.dumps([[name, _plain(value)] for name, value in model_to_dict(row, shown).items()], default=str)
        return salted_hmac(f"{row._meta.label_lower} {row.pk}", values, algorithm="sha256").hexdigest()


def _plain(value: Any) -> Any:
    return sorted(str(each.pk) for each in value) if isinstance(value, list) and _are_rows(value) else value


def _are_rows(values: list[Any]) -> bool:
    return all(isinstance(each, Model) for each in values)
