"""The pages' forms, filled in by a script: what they check holds here, too."""

from typing import Any, TypeVar

from django import forms
from django.forms.models import ModelMultipleChoiceField
from django.utils.translation import gettext as _

from accounts.exceptions import Invalid

Form = TypeVar("Form", bound=forms.BaseForm)


def valid(form: Form) -> Form:
    """Raises `Invalid` with each field's reasons."""
    if form.is_valid():
        return form
    raise Invalid([("" if name == "__all__" else name, str(error)) for name, found in form.errors.items()
                   for error in found])  # fmt: skip


def filled(form: forms.BaseForm, **given: Any) -> dict[str, Any]:
    """What an unbound form shows, with what is `given` instead. Raises `Invalid` for a field that it has not."""
    if unknown := [name for name in given if name not in form.fields]:
        raise Invalid([(name, _("This cannot be chosen here.")) for name in unknown])
    return {name: _shown(form, name) for name in form.fields} | given


def _shown(form: forms.BaseForm, name: str) -> Any:
    """Of what may be chosen only that which may be chosen still, as a page would send it."""
    value, field = form[name].value(), form.fields[name]
    if isinstance(field, ModelMultipleChoiceField) and value and field.queryset is not None:
        return list(field.queryset.filter(pk__in=list(value)).values_list("pk", flat=True))
    return value
