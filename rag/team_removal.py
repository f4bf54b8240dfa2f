"""What becomes of documents when a team is removed."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Team
from rag.models import Collection, Document


def told(team: Team) -> Iterator[str]:
    collections = Collection.objects.filter(team=team)
    if not (count := collections.count()):
        return
    documents = Document.objects.filter(collection__in=collections).count()
    shelves = ngettext("%(count)s collection", "%(count)s collections", count) % {"count": count}
    texts = ngettext("%(count)s document", "%(count)s documents", documents) % {"count": documents}
    text = _("%(collections)s with %(documents)s are deleted for good. Give what should stay to somebody else first.")
    yield text % {"collections": shelves, "documents": texts}
