from typing import Any

from django.contrib import admin, messages
from django.db.models import Case, Count, F, QuerySet, Value, When
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.audit import Kind
from accounts.panel import AuditedAdmin, Rows, record_rows
from rag import queueing
from rag.models import Collection, CollectionShare, Document

SHARING = {"added": Kind.SHARE_GIVEN, "changed": Kind.SHARE_CHANGED, "removed": Kind.SHARE_TAKEN}


class ShareInline(Rows):
    model = CollectionShare
    extra = 0
    autocomplete_fields = ["user"]


@admin.register(Collection)
class CollectionAdmin(AuditedAdmin):
    list_display = ["name", "owner", "team", "document_count", "created_at"]
    list_filter = ["team"]
    search_fields = ["name", "owner__email", "team__name"]
    autocomplete_fields = ["owner", "team"]
    inlines = [ShareInline]

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        record_rows(formset, SHARING, lambda share: (share.collection, share.described()))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Collection]:
        found: QuerySet[Collection] = super().get_queryset(request)
        return found.select_related("owner", "team").annotate(document_count=Count("documents"))

    @admin.display(description=_("documents"), ordering="document_count")
    def document_count(self, collection: Collection) -> int:
        return int(getattr(collection, "document_count", 0))


@admin.register(Document)
class DocumentAdmin(AuditedAdmin):
    """What state a document is in. Its content is for those whose collection it is in, and so is an attachment's name:
    it is neither shown, nor searched or sorted by."""

    list_display = ["known_as", "shelf", "status", "reason", "file_size", "by", "created_at"]
    list_filter = ["status", "error", "language"]
    search_fields = ["known_as", "collection__name", "uploaded_by__email"]
    list_select_related = ["collection", "uploaded_by"]
    actions = ["read_again"]
    fields = readonly_fields = [
        "known_as",
        "shelf",
        "by",
        "media_type",
        "file_size",
        "language",
        "status",
        "reason",
        "done",
        "total",
        "attempts",
        "created_at",
    ]

    removed = Kind.DELETED

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        known_as = Case(When(collection__is_attachment=True, then=Value("")), default=F("name"))
        found: QuerySet[Document] = super().get_queryset(request)
        return found.annotate(known_as=known_as)

    @admin.display(description=_("name"), ordering="known_as")
    def known_as(self, document: Document) -> str:
        return document.listed_name

    @admin.display(description=_("collection"), ordering="collection__name")
    def shelf(self, document: Document) -> str:
        return str(document.collection)

    @admin.display(description=_("uploaded by"), ordering="uploaded_by__email", empty_value="–")
    def by(self, document: Document) -> str | None:
        return str(document.uploaded_by) if document.uploaded_by else None

    @admin.display(description=_("size"), ordering="size")
    def file_size(self, document: Document) -> str:
        return filesizeformat(document.size)

    @admin.display(description=_("reason"), ordering="error")
    def reason(self, document: Document) -> str:
        return document.reason

    @admin.action(description=_("Read again"))
    def read_again(self, request: HttpRequest, documents: QuerySet[Document]) -> None:
        finished = list(documents.exclude(status__in=Document.UNFINISHED))
        for document in finished:
            queueing.retry(document)
        n = len(finished)
        self.message_user(
            request, ngettext("%(n)d document queued.", "%(n)d documents queued.", n) % {"n": n}, messages.SUCCESS
        )
