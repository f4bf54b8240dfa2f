from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.audit import Kind
from accounts.models import Membership, Team, User
from rag import listing
from rag.filters import Filters
from rag.models import Collection, CollectionQuerySet, CollectionShare, Document, DocumentQuerySet


class CollectionForm(forms.ModelForm):  # type: ignore[type-arg]  # Django itself knows no parameter here
    class Meta:
        model = Collection
        fields = ["name", "purpose", "data_class", "valid_until"]
        widgets = {"valid_until": forms.DateInput({"type": "date"}, format="%Y-%m-%d")}
        help_texts = {
            "purpose": _("What is in it and what is it for? Everyone who sees the collection reads this."),
            "data_class": _("Passages of a confidential collection are only sent to models that run in the house."),
            "valid_until": _(
                "After this day answers no longer draw on it, until somebody renews it. Empty: without an end."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["data_class"].required = False  # what nobody names stays, or is the usual one


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


class DocumentListForm(forms.Form):
    """How the list of a collection's documents is narrowed and sorted; whatever makes no sense is ignored."""

    name = forms.CharField(label=_("Name"), required=False, max_length=200)
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("all")), ("ready", _("ready")), ("unfinished", _("under way")), ("stopped", _("not read"))],
    )
    folder = forms.ChoiceField(label=_("Folder"), required=False)
    sort = forms.ChoiceField(
        label=_("Order"),
        required=False,
        choices=[("", _("newest first")), ("name", _("by name")), ("size", _("largest first"))],
    )

    def __init__(self, *args: Any, collection: Collection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.collection = collection
        folders = listing.folders(collection)
        if folders:
            named = [("", _("all")), *((folder, folder) for folder in folders)]
            self.fields["folder"].choices = named  # type: ignore[attr-defined]
        else:
            del self.fields["folder"]

    def documents(self) -> DocumentQuerySet:
        self.is_valid()
        return listing.documents(self.collection, **self.cleaned_data)

    @property
    def narrows(self) -> bool:
        return any(self.cleaned_data.get(name) for name in ("name", "state", "folder"))


class SearchForm(forms.Form):
    q = forms.CharField(label=_("Search for"), required=False, max_length=4_000, strip=True)
    document = forms.CharField(label=_("only in documents named"), required=False, max_length=200)
    since = forms.DateField(label=_("uploaded since"), required=False, widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(label=_("uploaded until"), required=False, widget=forms.DateInput({"type": "date"}))
    page = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def filters(self, collections: CollectionQuerySet) -> Filters:
        """Days are those of the server's time zone, both included."""
        since, until, name = (self.cleaned_data[field] for field in ("since", "until", "document"))
        documents = None
        if name:
            named = Document.objects.current().filter(collection__in=collections)
            documents = list(
                named.filter(Q(name__icontains=name) | Q(folder__icontains=name)).values_list("pk", flat=True)
            )
        return Filters(
            documents=documents,
            uploaded_after=_midnight(since) if since else None,
            uploaded_before=_midnight(until + timedelta(days=1)) if until else None,
        )


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


class ShareForm(forms.Form):
    email = forms.EmailField(label=_("Email"), required=False, widget=forms.EmailInput({"autocomplete": "off"}))
    team = forms.ModelChoiceField(
        label=_("or a team"), required=False, queryset=Team.objects.none(), empty_label=_("no team")
    )
    role = forms.ChoiceField(label=_("Right"), choices=CollectionShare.Role.choices)

    def __init__(self, *args: Any, collection: Collection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.collection = collection
        self.person: User | None = None
        teams = Team.objects.exclude(collection=collection)
        if teams.exists():
            self.fields["team"].queryset = teams  # type: ignore[attr-defined]
        else:
            del self.fields["team"]

    def clean_email(self) -> str:
        if not self.cleaned_data["email"]:
            return ""
        found: QuerySet[User] = User.objects.filter(email__iexact=self.cleaned_data["email"], is_active=True)
        self.person = found.first()
        if self.person is None:
            raise forms.ValidationError(_("Nobody here has this address."))
        if self.person == self.collection.owner:
            raise forms.ValidationError(_("The collection belongs to this person."))
        return self.person.email

    def clean(self) -> dict[str, Any]:
        named = [self.cleaned_data.get("email"), self.cleaned_data.get("team")]
        if not self.errors and sum(map(bool, named)) != 1:
            raise forms.ValidationError(_("Name a person or a team."))
        return self.cleaned_data

    @property
    def other(self) -> User | Team:
        other: User | Team = self.person or self.cleaned_data["team"]
        return other

    def save(self) -> CollectionShare:
        share, is_new = CollectionShare.objects.update_or_create(
            collection=self.collection,
            user=self.person,
            team=self.cleaned_data.get("team"),
            defaults={"role": self.cleaned_data["role"]},
        )
        kind = Kind.SHARE_GIVEN if is_new else Kind.SHARE_CHANGED
        audit.record(kind, self.collection, detail=share.described())
        return share


class MoveForm(forms.Form):
    """Chosen documents into another collection that the user may edit."""

    documents = forms.ModelMultipleChoiceField(queryset=Document.objects.none())
    target = forms.ModelChoiceField(label=_("Move the chosen to"), queryset=Collection.objects.none(), empty_label="…")

    def __init__(self, *args: Any, collection: Collection, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Collection.objects.editable_by(user).knowledge().exclude(pk=collection.pk)
        self.fields["target"].queryset = others  # type: ignore[attr-defined]
        self.fields["documents"].queryset = collection.documents.current()  # type: ignore[attr-defined]
