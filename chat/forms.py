import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from chat import asking, comparing, opinions, sharing, temporary, versions
from chat.exceptions import UnknownCollection, UnknownMessage, UnknownRecipient
from chat.models import Conversation, Message, Project, Share
from rag.models import Collection


class UUIDListField(forms.Field):
    widget = forms.SelectMultiple

    def to_python(self, value: list[str] | None) -> list[object]:
        return [forms.UUIDField().clean(item) for item in value or []]


class AskForm(forms.Form):
    """The composer: what is asked, of which model, over which collections."""

    text = forms.CharField(required=False)
    starter = forms.CharField(required=False)  # of an assistant, asked by a button
    model = forms.CharField(required=False, max_length=200)
    collections = UUIDListField(required=False)
    after = forms.UUIDField(required=False)  # what the reader sees last
    beside = forms.CharField(required=False, max_length=200)  # a second model
    question_id = forms.UUIDField(required=False)  # an id by which the page may send it again, and it is stored once

    def ask(self, conversation: Conversation) -> Sequence[Message]:
        """The question, and one or two answers to be written. Raises a `ChatError` when it cannot be asked."""
        if not self.is_valid():
            raise UnknownMessage if "after" in self.errors else UnknownCollection
        data = self.cleaned_data
        asking.choose(conversation, data["model"], data["collections"])
        text = data["text"] or data["starter"]
        if data["beside"]:
            return comparing.ask_both(conversation, text, data["beside"], data["after"], data["question_id"])
        return asking.ask(conversation, text, data["after"], data["question_id"])


class EditForm(forms.Form):
    """Whether the text will do is judged where it is stored."""

    @property
    def text(self) -> str:
        return str(self.data.get("text", ""))


class RegenerateForm(forms.Form):
    """An answer once more; `with` names another model, `beside` asks to see both and to take one."""

    def regenerate(self, message: Message) -> list[Message]:
        """What is to be shown, the new answer last. Raises a `ChatError`."""
        model = str(self.data.get("with", ""))[:200]
        if self.data.get("beside"):
            return [message, comparing.put_beside(message, model)]
        return [versions.regenerate(message, model)]


class OpinionForm(forms.Form):
    opinion = forms.ChoiceField(choices=Message.Opinion, required=False)
    reason = forms.CharField(max_length=12, required=False)
    words = forms.CharField(max_length=opinions.LONGEST, required=False)

    def give(self, answer: Message) -> None:
        opinions.give(answer, **self.cleaned_data)


class RenameForm(forms.Form):
    title = forms.CharField(max_length=150)


class MoveForm(forms.Form):
    """Into a project, or out of it when none is named."""

    project = forms.ModelChoiceField(Project.objects.none(), required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"].queryset = Project.objects.visible_to(user)  # type: ignore[attr-defined]


class ProjectForm(forms.ModelForm[Project]):
    class Meta:
        model = Project
        fields = ["name", "instructions", "collections"]
        widgets = {
            "instructions": forms.Textarea({"rows": 6}),
            "collections": forms.CheckboxSelectMultiple,
        }

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        visible = Collection.objects.visible_to(user).knowledge()
        self.fields["collections"].queryset = visible  # type: ignore[attr-defined]
        if not visible.exists():
            del self.fields["collections"]


class DeleteProjectForm(forms.Form):
    conversations = forms.ChoiceField(
        label=_("Its conversations"),
        choices=[("keep", _("Keep them, without a project")), ("delete", _("Delete them, too"))],
        widget=forms.RadioSelect,
        initial="keep",
    )


class ShareForm(forms.Form):
    """Who may read a shared conversation."""

    EVERYONE, NAMED = "everyone", "named"
    audience = forms.ChoiceField(
        label=_("Who may read it?"),
        choices=[(NAMED, _("The people and teams below")), (EVERYONE, _("Everyone who is signed in and has the link"))],
        widget=forms.RadioSelect,
        initial=NAMED,
    )
    people = forms.CharField(
        label=_("People"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea({"rows": 2, "autocomplete": "off"}),
        help_text=_("Email addresses, separated by commas or lines."),
    )
    teams = forms.ModelMultipleChoiceField(
        Team.objects.none(), label=_("Teams"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        own = Team.objects.filter(membership__user=user).distinct()
        self.fields["teams"].queryset = own  # type: ignore[attr-defined]
        if not own.exists():
            del self.fields["teams"]

    def clean_people(self) -> list[User]:
        try:
            return sharing.people_of(self.user, re.split(r"[\s,;]+", self.cleaned_data["people"]))
        except UnknownRecipient as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        names_nobody = not cleaned.get("people") and not cleaned.get("teams")
        if cleaned.get("audience") == self.NAMED and names_nobody and not self.errors:
            raise forms.ValidationError(_("Name at least one person or team."))
        return cleaned

    def share(self, conversation: Conversation) -> Share:
        """Raises `NothingToShare`."""
        data = self.cleaned_data
        everyone = data["audience"] == self.EVERYONE
        return sharing.share(conversation, everyone=everyone, people=data["people"], teams=data.get("teams", ()))


class TemporaryForm(AskForm):
    """A question of a conversation that is nowhere kept, with all that was said before."""

    history = forms.CharField(required=False, strip=False)
    confidential = forms.BooleanField(required=False)

    def question(self, user: User) -> temporary.Question:
        """Raises a `ChatError` when it cannot be asked."""
        if not self.is_valid():
            raise UnknownCollection
        data = self.cleaned_data
        collections = asking.chosen(user, data["collections"])
        asked = (data["history"], data["text"], data["model"], collections)
        return temporary.question(user, *asked, was_confidential=data["confidential"])


class WindowForm(forms.Form):
    """Which messages of a conversation to show."""

    message = forms.UUIDField(required=False)
    before = forms.UUIDField(required=False)
