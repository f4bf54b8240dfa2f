"""Documents that nobody has used for as long as a rule says, or that are past what their class of data allows; and
files of scripts that never became one."""

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from accounts import holds
from accounts.models import RetentionRule
from accounts.processing import for_days
from accounts.retention import people_under, teams_under
from rag.files import StoredFileQuerySet
from rag.models import Document, DocumentQuerySet, StoredFile

BATCH = 100


def documents_due(rule: RetentionRule) -> DocumentQuerySet:
    """Files of conversations and projects go with those."""
    whose = Q(collection__owner__in=people_under(rule)) | Q(collection__team__in=teams_under(rule))
    known = Document.objects.current().filter(whose, collection__is_attachment=False)
    free = known.exclude(collection__in=holds.collections())
    if rule.kind in RetentionRule.OF_A_CLASS:
        return _over(free.filter(collection__data_class=RetentionRule.OF_A_CLASS[rule.kind]), rule)
    return free.annotate(last_used=Coalesce("used_at", "created_at")).filter(last_used__lt=rule.cutoff)


def _over(documents: DocumentQuerySet, rule: RetentionRule) -> DocumentQuerySet:
    """Counted from the later of the two: the last change, and the end of the collection’s last valid day."""
    ended = Q(collection__valid_until=None) | Q(collection__valid_until__lt=rule.cutoff_day)
    return documents.filter(ended, created_at__lt=rule.cutoff)  # a new version hands over when it came


def class_rules(data_class: str | None = None) -> list[str]:
    """In words: of one class, or of all that have a rule."""
    kinds = [kind for kind, which in RetentionRule.OF_A_CLASS.items() if data_class in (None, which)]
    found = RetentionRule.objects.filter(kind__in=kinds).order_by("kind")
    text = _("%(what)s: %(days)s after the last change, or after the collection’s “valid until” if that is later")
    return [text % {"what": rule, "days": for_days(rule.days)} for rule in found]


def files_due(rule: RetentionRule) -> StoredFileQuerySet:
    in_collections = Document.objects.filter(file_id=OuterRef("pk"))
    old = StoredFile.objects.filter(owner__in=people_under(rule), created_at__lt=rule.cutoff)
    return old.filter(~Exists(in_collections))


def preview(rule: RetentionRule) -> dict[str, int]:
    if rule.kind == RetentionRule.Kind.FILES:
        return {"files": files_due(rule).count()}
    return {"documents": documents_due(rule).count()}


def apply(rule: RetentionRule) -> int:
    """How many went."""
    due = files_due if rule.kind == RetentionRule.Kind.FILES else documents_due
    gone = 0
    while batch := list(due(rule).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        for pk in batch:
            with transaction.atomic():
                for row in due(rule).filter(pk=pk):  # it may have been used meanwhile
                    row.delete()
                    gone += 1
    return gone
