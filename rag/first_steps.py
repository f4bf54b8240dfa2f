"""The first step of a new house that concerns documents."""

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.first_steps import BACK, Step
from accounts.models import User
from rag.models import Collection, Document


def steps(user: User) -> dict[str, Step]:
    return {"upload": _upload(user)}


def _upload(user: User) -> Step:
    own = Collection.objects.knowledge().editable_by(user).order_by("created_at").first()
    page = reverse("rag:collection", args=[own.pk]) if own else reverse("rag:collection-create")
    return Step(
        _("Upload a document"),
        _("Answers then draw on it and name the page they quote."),
        _("Add documents") if own else _("Make a collection"),
        f"{page}?{BACK}",
        Document.objects.filter(collection__is_attachment=False).exists(),
    )
