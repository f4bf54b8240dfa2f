from django import forms

from chat import asking
from chat.exceptions import UnknownCollection
from chat.models import Conversation, Message


class UUIDListField(forms.Field):
    widget = forms.SelectMultiple

    def to_python(self, value: list[str] | None) -> list[object]:
        return [forms.UUIDField().clean(item) for item in value or []]


class AskForm(forms.Form):
    """The composer: what is asked, of which model, over which collections."""

    text = forms.CharField(required=False)
    model = forms.CharField(required=False, max_length=200)
    collections = UUIDListField(required=False)

    def ask(self, conversation: Conversation) -> tuple[Message, Message]:
        """Raises a `ChatError` when it cannot be asked."""
        if not self.is_valid():
            raise UnknownCollection
        asking.choose(conversation, self.cleaned_data["model"], self.cleaned_data["collections"])
        return asking.ask(conversation, self.cleaned_data["text"])


class RenameForm(forms.ModelForm[Conversation]):
    class Meta:
        model = Conversation
        fields = ["title"]


class WindowForm(forms.Form):
    """Which messages of a conversation to show."""

    at = forms.UUIDField(required=False)
    before = forms.UUIDField(required=False)
