from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.panel import AuditedAdmin
from gateway.models import Deployment
from rag import adoption, hnsw
from rag.exceptions import ingestion_error
from rag.indexing import lacking
from rag.models import Document, EmbeddingIndex, IndexedDocument
from rag.prefixes import prefixes_of

State = EmbeddingIndex.State
COLOURS = {State.ACTIVE: "success", State.BUILDING: "info", State.RETIRED: "", State.DROPPED: "warning"}
UNSET = _("Empty: as the model's card says, where we know it.")


class AdoptionForm(forms.ModelForm[EmbeddingIndex]):
    deployment = forms.ModelChoiceField(
        Deployment.objects.serving(Deployment.Kind.EMBEDDING),
        label=_("Embedding model"),
        widget=UnfoldAdminSelectWidget,
        help_text=_(
            "All documents are indexed by it in the background. Until that is done, searches stay as they are."
        ),
    )
    query_prefix = forms.CharField(
        label=_("before a question"), required=False, strip=False, max_length=500, widget=UnfoldAdminTextInputWidget
    )
    passage_prefix = forms.CharField(
        label=_("before a passage"), required=False, strip=False, max_length=500, widget=UnfoldAdminTextInputWidget
    )

    class Meta:
        model = EmbeddingIndex
        fields = ["query_prefix", "passage_prefix"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("query_prefix", "passage_prefix"):
            self.fields[name].help_text = UNSET

    def prefixes(self) -> tuple[str, str]:
        known = prefixes_of(self.cleaned_data["deployment"].model)
        given = self.cleaned_data["query_prefix"], self.cleaned_data["passage_prefix"]
        return given[0] or known[0], given[1] or known[1]


class PrefixForm(forms.ModelForm[EmbeddingIndex]):
    query_prefix = forms.CharField(
        label=_("before a question"), required=False, strip=False, max_length=500, widget=UnfoldAdminTextInputWidget
    )

    class Meta:
        model = EmbeddingIndex
        fields = ["query_prefix"]


@admin.register(EmbeddingIndex)
class EmbeddingIndexAdmin(AuditedAdmin):
    """Which model indexes documents. To add one is to adopt it."""

    list_display = ["model", "shown_state", "progress", "vector_count", "dimension", "served_by"]
    list_display_links = ["model"]
    ordering = ["state", "-created_at"]  # what is in use stands first
    list_before_template = "rag/panel_embedding_models.html"
    actions = ["use", "remove"]
    readonly_fields = [
        "model", "state", "progress", "served_by", "dimension", "vector_count", "search", "shown_passage_prefix",
        "adopted_by", "created_at", "retired_at",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[EmbeddingIndex]:
        held = IndexedDocument.objects.filter(index=OuterRef("pk")).order_by().values("index")
        ready = held.filter(document__status=Document.Status.READY)
        found: QuerySet[EmbeddingIndex] = super().get_queryset(request)
        return found.annotate(
            vector_sum=_number(held.annotate(number=Sum("vectors")).values("number")),
            done=_number(ready.annotate(number=Count("pk")).values("number")),
        )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change=change, form=PrefixForm if obj else AdoptionForm, **kwargs)

    def get_fields(self, request: HttpRequest, obj: EmbeddingIndex | None = None) -> list[str]:
        if obj is None:
            return ["deployment", "query_prefix", "passage_prefix"]
        fields = list(self.readonly_fields)
        fields.insert(fields.index("shown_passage_prefix"), "query_prefix")
        return [name for name in fields if name != "retired_at" or obj.retired_at]

    def get_readonly_fields(self, request: HttpRequest, obj: EmbeddingIndex | None = None) -> list[str]:
        return list(self.readonly_fields) if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: EmbeddingIndex | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: EmbeddingIndex, form: ModelForm[Any], change: bool) -> None:
        if change:
            EmbeddingIndex.objects.filter(pk=obj.pk).update(query_prefix=obj.query_prefix)
        elif isinstance(form, AdoptionForm):
            adopted = self._adopt(request, form.cleaned_data["deployment"], form.prefixes())
            obj.pk, obj.model = adopted.pk, adopted.model

    # --- what is shown ---------------------------------------------------------------------------------------------

    @display(description=_("state"), label=COLOURS)  # type: ignore[untyped-decorator]
    def shown_state(self, index: EmbeddingIndex) -> tuple[str, str]:
        return index.state, index.get_state_display()

    @admin.display(description=_("documents"))
    def progress(self, index: EmbeddingIndex) -> str:
        done = int(getattr(index, "done", 0))
        all_of_them = Document.objects.filter(status=Document.Status.READY).count()
        text = gettext("%(done)s of %(all)s") % {"done": done, "all": all_of_them}
        return f"{text} – {ingestion_error(index.error)}" if index.error else text

    @admin.display(description=_("vectors"))
    def vector_count(self, index: EmbeddingIndex) -> int:
        return int(getattr(index, "vector_sum", 0))

    @admin.display(description=_("served by"))
    def served_by(self, index: EmbeddingIndex) -> str:
        names = index.offers().values_list("upstream__name", flat=True).distinct()
        return ", ".join(names) or gettext("nobody now")

    @admin.display(description=_("search"))
    def search(self, index: EmbeddingIndex) -> str:
        if index.dimension and not index.can_be_sorted:
            return gettext("Every vector is compared: its vectors are too long for a quicker way. Fine up to 20,000.")
        if hnsw.is_there(index):
            return gettext("Large collections by a graph of near vectors, small ones by comparing every vector.")
        return gettext("Every vector is compared. A quicker way is made by itself once there are enough of them.")

    @admin.display(description=_("before a passage"))
    def shown_passage_prefix(self, index: EmbeddingIndex) -> str:
        return index.passage_prefix or "–"

    # --- what is done ----------------------------------------------------------------------------------------------

    @admin.action(description=_("Use this model"), permissions=["change"])
    def use(self, request: HttpRequest, indexes: QuerySet[EmbeddingIndex]) -> None:
        index, *others = indexes
        offer = index.offers().first()
        if others:
            messages.error(request, gettext("Only one model can be in use."))
        elif index.state == State.ACTIVE:
            messages.info(request, gettext("This model is in use already."))
        elif index.state == State.DROPPED:
            messages.error(request, gettext("This one is being removed. Adopt the model anew."))
        elif offer is None:
            messages.error(request, gettext("Nobody serves this model now: add its server first."))
        else:
            self._adopt(request, offer, (index.query_prefix, index.passage_prefix))

    @admin.action(description=_("Remove its vectors"), permissions=["change"])
    def remove(self, request: HttpRequest, indexes: QuerySet[EmbeddingIndex]) -> None:
        for index in indexes:
            if adoption.drop(index):
                adoption.announce(index)
                text = gettext("The vectors of %(model)s are being removed. Documents and searches stay.")
                messages.success(request, text % {"model": index})
            else:
                text = gettext("%(model)s is in use. Adopt another model first.")
                messages.error(request, text % {"model": index})

    def _adopt(self, request: HttpRequest, offer: Deployment, prefixes: tuple[str, str]) -> EmbeddingIndex:
        index = adoption.adopt(offer, prefixes, request.user)  # type: ignore[arg-type]
        adoption.announce(index)
        n = lacking(index).count()
        text = ngettext("%(n)s document is indexed by it now.", "%(n)s documents are indexed by it now.", n)
        messages.success(request, text % {"n": n} + " " + gettext("Then it takes over by itself."))
        return index


def _number(counted: QuerySet[IndexedDocument, Any]) -> Coalesce:
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
