"""Forms of what is made for oneself and offered to others: assistants and prompts."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from chat.assistants import STARTER_LENGTH, STARTERS, Assistant
from chat.forms import ShareForm
from chat.library import MOST_VARIABLES, Prompt
from chat.offered import Offered
from gateway.models import Deployment
from rag.models import Collection


class OfferForm(ShareForm):
    """Who may use it."""

    NOBODY = "nobody"
    audience = forms.ChoiceField(
        label=gettext_lazy("Who may use it?"),
        choices=[
            (NOBODY, gettext_lazy("You alone")),
            (ShareForm.NAMED, gettext_lazy("The people and teams below")),
            (ShareForm.EVERYONE, gettext_lazy("Everyone who is signed in")),
        ],
        widget=forms.RadioSelect,
        initial=NOBODY,
    )

    @classmethod
    def of(cls, offered: Offered, data: Any = None) -> "OfferForm":
        people = list(offered.people.order_by("email").values_list("email", flat=True))
        teams = list(offered.teams.all())
        audience = cls.EVERYONE if offered.everyone else cls.NAMED if people or teams else cls.NOBODY
        initial = {"audience": audience, "people": "\n".join(people), "teams": teams}
        return cls(data, user=offered.owner, initial=initial)

    def offer(self, offered: Offered) -> None:
        data = self.cleaned_data
        is_named = data["audience"] == self.NAMED
        people, teams = (data["people"], data.get("teams", ())) if is_named else ((), ())
        offered.offer(everyone=data["audience"] == self.EVERYONE, people=people, teams=teams)


class StartersField(forms.CharField):
    """One a line."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        lines = [line.strip() for line in str(super().clean(value)).splitlines() if line.strip()]
        if len(lines) > STARTERS:
            raise forms.ValidationError(_("At most %(number)s questions.") % {"number": STARTERS})
        if any(len(line) > STARTER_LENGTH for line in lines):
            raise forms.ValidationError(_("At most %(number)s characters each.") % {"number": STARTER_LENGTH})
        return lines


class AssistantForm(forms.ModelForm[Assistant]):
    model = forms.ChoiceField(
        label=gettext_lazy("Model"),
        required=False,
        help_text=gettext_lazy("Whoever asks it needs a right to this model."),
    )
    starters = StartersField(
        label=gettext_lazy("Starter questions"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea({"rows": 4}),
        help_text=gettext_lazy("One a line. They are offered as buttons in an empty chat."),
    )

    class Meta:
        model = Assistant
        fields = ["name", "description", "instructions", "model", "temperature", "collections", "starters"]
        widgets = {
            "description": forms.Textarea({"rows": 2}),
            "instructions": forms.Textarea({"rows": 8}),
            "collections": forms.CheckboxSelectMultiple,
            "temperature": forms.NumberInput({"step": "0.1", "min": "0", "max": "2"}),
        }
        help_texts = {
            "collections": gettext_lazy(
                "Its answers are drawn from these. Sharing the assistant opens none of them: whoever may not see a "
                "collection is answered without it."
            )
        }

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [each.name for each in Deployment.objects.offered_to(user, Deployment.Kind.CHAT)]
        models = [("", _("the default model")), *((name, name) for name in names)]
        if self.instance.model and self.instance.model not in names:
            models.append((self.instance.model, _("%(name)s (not available)") % {"name": self.instance.model}))
        self.fields["model"].choices = models  # type: ignore[attr-defined]
        visible = Collection.objects.visible_to(user).knowledge()
        self.fields["collections"].queryset = visible  # type: ignore[attr-defined]
        if not visible.exists():
            del self.fields["collections"]


class PromptForm(forms.ModelForm[Prompt]):
    class Meta:
        model = Prompt
        fields = ["title", "text"]
        widgets = {"text": forms.Textarea({"rows": 10})}

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if len(Prompt(text=text).variables) > MOST_VARIABLES:
            raise forms.ValidationError(_("At most %(number)s places to fill in.") % {"number": MOST_VARIABLES})
        return text
