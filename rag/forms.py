from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Team, User
from rag.models import Collection, CollectionShare


class CollectionForm(forms.ModelForm):  # type: ignore[type-arg]  # Django itself knows no parameter here
    class Meta:
        model = Collection
        fields = ["name", "purpose"]
        help_texts = {"purpose": _("What is in it and what is it for? Everyone who sees the collection reads this.")}


class NewCollectionForm(CollectionForm):
    team = forms.ModelChoiceField(
        label=_("Belongs to"),
        queryset=Team.objects.none(),
        required=False,
        empty_label=_("me alone"),
        help_text=_("A team's collection can be used by all of its members."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        teams = Team.objects.filter(membership__user=user, membership__role=Membership.Role.LEAD)
        if teams.exists():
            self.fields["team"].queryset = teams  # type: ignore[attr-defined]
        else:
            del self.fields["team"]

    def save(self, commit: bool = True) -> Collection:
        self.instance.team = self.cleaned_data.get("team")
        self.instance.owner = None if self.instance.team else self.user
        saved: Collection = super().save(commit)
        return saved


class ShareForm(forms.Form):
    email = forms.EmailField(label=_("Email"), widget=forms.EmailInput({"autocomplete": "off"}))
    role = forms.ChoiceField(label=_("This person"), choices=CollectionShare.Role.choices)

    def __init__(self, *args: Any, collection: Collection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.collection = collection

    def clean_email(self) -> str:
        found: QuerySet[User] = User.objects.filter(email__iexact=self.cleaned_data["email"], is_active=True)
        self.person = found.first()
        if self.person is None:
            raise forms.ValidationError(_("Nobody here has this address."))
        if self.person == self.collection.owner:
            raise forms.ValidationError(_("The collection belongs to this person."))
        return self.person.email

    def save(self) -> CollectionShare:
        share, _created = CollectionShare.objects.update_or_create(
            collection=self.collection, user=self.person, defaults={"role": self.cleaned_data["role"]}
        )
        return share
