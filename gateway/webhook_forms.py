"""What is asked of who makes a webhook: the same in the pages and in the panel."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminURLInputWidget

from accounts.models import User
from gateway import egress
from gateway.exceptions import OutsideRefused
from gateway.models import Event, Webhook
from gateway.models.webhooks import OF_A_PERSON, OF_THE_HOUSE
from gateway.once import OnceField

MOST = 20  # webhooks of one person


class WebhookForm(forms.ModelForm[Webhook]):
    """What there is to be told of comes with the kind of form."""

    offered: tuple[Event, ...] = OF_A_PERSON
    url = forms.CharField(
        label=_("Address"),
        max_length=egress.LONGEST_URL,
        widget=forms.URLInput({"placeholder": "https://n8n.example.org/webhook/…"}),
        help_text=Webhook._meta.get_field("url").help_text,
    )
    events = forms.MultipleChoiceField(label=_("Events"), widget=forms.CheckboxSelectMultiple)
    once = OnceField()

    class Meta:
        model = Webhook
        fields = ["name", "url", "events", "with_content"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["once"]
        if "events" in self.fields:  # who may only look gets none
            choices = [(event.value, event.label) for event in self.offered]
            self.fields["events"].choices = choices  # type: ignore[attr-defined]

    def clean_url(self) -> str:
        """As far as the address tells; where its name leads is looked at whenever it is dialled."""
        url: str = self.cleaned_data["url"]
        if not url.startswith("https://"):
            raise ValidationError(_("Please give an address that begins with https://."))
        try:
            egress.check(url)
        except OutsideRefused as error:
            raise ValidationError(str(error)) from error
        return url


class OwnWebhookForm(WebhookForm):
    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.user = user

    def clean(self) -> dict[str, Any]:
        if self.instance.pk is None and Webhook.objects.of(self.instance.user).count() >= MOST:
            raise ValidationError(_("You have as many webhooks as there may be. Please delete one first."))
        return super().clean() or {}


class PanelWebhookForm(WebhookForm):
    offered = OF_THE_HOUSE

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "events" in self.fields:
            choices = self.fields["events"].choices  # type: ignore[attr-defined]
            self.fields["events"].widget = UnfoldAdminCheckboxSelectMultipleWidget(choices=choices)
            self.fields["url"].widget = UnfoldAdminURLInputWidget()
