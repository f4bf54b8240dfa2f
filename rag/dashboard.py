"""What is told of documents on the panel's first page: how many wait, and which could not be read."""

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from accounts import roles
from accounts.charts import Facts, Level, Part, State, States
from accounts.models import User
from accounts.roles import May
from rag import jobs
from rag.models import Document

NAMED = 5
Status = Document.Status


def parts(user: User) -> list[Part]:
    """Which documents there are is for those alone who may see it."""
    facts = [(str(status.label), number_format(count, force_grouping=True)) for status, count in jobs.counted()]
    found: list[Part] = [Facts(_("Documents"), facts)]
    return [*found, _failed()] if roles.may(user, May.SEE_FILES) else found


def _failed() -> States:
    newest = Document.objects.filter(status=Status.FAILED).select_related("collection").order_by("-created_at")[:NAMED]
    states = [
        State(each.listed_name, each.reason, Level.ILL, reverse("admin:rag_document_change", args=[each.pk]))
        for each in newest
    ]
    page = f"{reverse('admin:rag_document_changelist')}?status__exact={Status.FAILED}"
    if states:
        states.append(State(_("All that failed"), "", Level.PLAIN, page))
    return States(_("Could not be read"), states, _("Everything could be read."))
