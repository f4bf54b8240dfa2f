import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from accounts.stamped_forms import StampedForm
from gateway.amounts import MILLIONTHS, MILLIWATT_HOURS
from gateway.models import Quota

Unit = Quota.Unit
FACTORS = {Unit.COST: MILLIONTHS, Unit.ENERGY: MILLIWATT_HOURS}
LARGEST = 2**63 - 1
TWO_WAYS = re.compile(r"[1-9]\d{0,2}\.\d{3}")  # two thousand to some, and two to others
# several may have one name
TOLD_APART: dict[str, tuple[Callable[[Any], str], tuple[str, ...]]] = {
    "user": (lambda user: user.email if str(user) == user.email else f"{user} ({user.email})", ()),
    "deployment": (lambda deployment: f"{deployment} ({deployment.upstream})", ("upstream",)),
}


def _amount(**more: Any) -> forms.DecimalField:
    # a page that is gone back to would send what was typed there once more
    widget = UnfoldAdminDecimalFieldWidget({"autocomplete": "off"})
    return forms.DecimalField(min_value=0, max_digits=20, widget=widget, **more)


class QuotaForm(StampedForm[Quota]):
    """Amounts are entered as people reckon, and stored as the ledger counts: see `Quota`."""

    also_stamped = ["limit"]

    amount = _amount(
        label=_("Limit"),
        help_text=_("Whole numbers of requests, tokens or calls; money with its decimals; energy in watt hours."),
    )
    top_up = _amount(
        label=_("Top up by"), required=False, help_text=_("Added to the limit of this balance when you save.")
    )

    class Meta:
        model = Quota
        fields = ["user", "team", "api_key", "deployment", "unit", "period", "is_hard", "warn_at"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (told, beside) in TOLD_APART.items():
            if field := self.fields.get(name):
                field.queryset = field.queryset.select_related(*beside)  # type: ignore[attr-defined]
                field.label_from_instance = told  # type: ignore[attr-defined]
        if self.instance.pk:
            self.initial["amount"] = (Decimal(self.instance.limit) / self._factor()).normalize().__format__("f")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in ("amount", "top_up"):
            if data.get(name) is not None:
                data[name] = self._counted(name, data[name])
        return data

    def added(self) -> int:
        return self.cleaned_data.get("top_up") or 0

    def _factor(self) -> int:
        unit = self.instance.unit if self.instance.pk else self.cleaned_data.get("unit", Unit.TOKENS)
        return FACTORS.get(Unit(unit), 1)

    def _counted(self, name: str, entered: Decimal) -> int | None:
        counted = entered * self._factor()
        if name in self.changed_data and TWO_WAYS.fullmatch(str(entered)):
            self.add_error(name, ValidationError(_("This can be read in two ways: leave out the separator.")))
        elif counted != counted.to_integral():
            self.add_error(name, ValidationError(_("So fine a fraction is not counted.")))
        elif counted > LARGEST:
            self.add_error(name, ValidationError(_("So much cannot be counted.")))
        else:
            return int(counted)
        return None
