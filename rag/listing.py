"""The documents of a collection as its page shows them: found by name, folder and state, sorted, counted."""

from dataclasses import dataclass

from django.db.models import Case, Count, Func, IntegerField, Q, When
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rag.models import Collection, Document, DocumentQuerySet

STATES = {
    "ready": Q(status=Document.Status.READY),
    "unfinished": Q(status__in=Document.UNFINISHED),
    "stopped": Q(status__in=Document.STOPPED),
}
SORTS = {
    "": ("-created_at", "folder", "name"),
    "name": ("folder", "name", "-created_at"),
    "size": ("-size", "name"),
}
PAGES = Func("content__page_starts", function="cardinality", output_field=IntegerField())
FOLDERS = 500  # that are offered to choose from


@dataclass(frozen=True)
class Counts:
    total: int
    ready: int
    unfinished: int
    stopped: int


def counts(collection: Collection) -> Counts:
    states = {name: Count("pk", filter=state) for name, state in STATES.items()}
    return Counts(**collection.documents.aggregate(total=Count("pk"), **states))


def summary(found: Counts) -> str:
    """Like “300 documents, 12 under way, 1 not read”."""
    told = [ngettext("%(n)d document", "%(n)d documents", found.total) % {"n": found.total}]
    if found.unfinished:
        told.append(_("%(n)d under way") % {"n": found.unfinished})
    if found.stopped:
        told.append(_("%(n)d not read") % {"n": found.stopped})
    return ", ".join(told)


def documents(
    collection: Collection, *, name: str = "", state: str = "", folder: str = "", sort: str = ""
) -> DocumentQuerySet:
    """A folder holds what is in the folders below it."""
    found = Document.objects.filter(collection=collection).select_related("uploaded_by")
    found = found.annotate(page_count=Case(When(content__page_kind="page", then=PAGES)))
    if name:
        found = found.filter(Q(name__icontains=name) | Q(folder__icontains=name))
    if state:
        found = found.filter(STATES[state])
    if folder:
        found = found.filter(Q(folder=folder) | Q(folder__startswith=f"{folder}/"))
    return found.order_by(*SORTS[sort], "pk")


def folders(collection: Collection) -> list[str]:
    """Those that hold documents, and those above them."""
    named = collection.documents.exclude(folder="").order_by("folder").values_list("folder", flat=True).distinct()
    found: set[str] = set()
    for folder in named[:FOLDERS]:
        parts = folder.split("/")
        found |= {"/".join(parts[:depth]) for depth in range(1, len(parts) + 1)}
    return sorted(found)[:FOLDERS]
