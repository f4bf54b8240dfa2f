"""A page of the panel whose rows are exported and imported as CSV: shown first, then all or nothing."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import admins, audit, spreadsheets
from accounts.audit import Kind
from accounts.exceptions import AccountError, LastAdmin, TableUnreadable
from accounts.panel import AuditedAdmin
from accounts.table_plans import Plan, Table


class FileForm(forms.Form):
    file = forms.FileField(label=gettext_lazy("CSV file"), widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}))

    def clean_file(self) -> str:
        file = self.cleaned_data["file"]
        try:
            return spreadsheets.decoded(file.read(spreadsheets.LARGEST + 1))
        except TableUnreadable as error:
            raise forms.ValidationError(str(error)) from None


class _Rehearsed(Exception):
    pass


class TableAdmin(AuditedAdmin):
    table: ClassVar[Table]
    list_before_template = "accounts/panel_table_links.html"

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path("export/", self.admin_site.admin_view(self.export), name=f"{name}_export"),
            path("import/", self.admin_site.admin_view(self.import_table), name=f"{name}_import"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {"may_import": self._may_import(request), **(extra_context or {})}
        return super().changelist_view(request, context)  # type: ignore[no-any-return]

    def export(self, request: HttpRequest) -> HttpResponse:
        if not self._may_import(request):
            raise PermissionDenied
        audit.record(Kind.EXPORTED, detail=str(self.opts.label_lower))
        flavour = spreadsheets.flavour_for_excel()
        rows = [[spreadsheets.harmless(cell) for cell in row] for row in self.table.rows(flavour.decimal)]
        text = flavour.mark + spreadsheets.written([list(self.table.columns), *rows], flavour)
        name = f"{self.opts.model_name}-{timezone.localdate():%Y-%m-%d}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)

    def import_table(self, request: HttpRequest) -> HttpResponse:
        """A file, then what it would change, then the same text once more, to be done."""
        if not self._may_import(request):
            raise PermissionDenied
        if request.method != "POST":
            return self._page(request, form=FileForm())
        if "text" in request.POST:
            return self._confirmed(request, request.POST["text"])
        form = FileForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._page(request, form=form)
        return self._previewed(request, form.cleaned_data["file"])

    def _previewed(self, request: HttpRequest, text: str, remark: str = "") -> HttpResponse:
        try:
            plan = self._plan(text)
        except TableUnreadable as error:
            return self._page(request, form=FileForm(), remark=str(error))
        hindrance = self._rehearsed(request, plan)
        found = {"form": FileForm(), "plan": plan, "text": text, "remark": hindrance or remark}
        return self._page(request, may_go_on=not hindrance, **found)

    def _confirmed(self, request: HttpRequest, text: str) -> HttpResponse:
        try:
            with admins.one_stays():
                plan = self._plan(text)
                if plan.problems or plan.digest != request.POST.get("digest"):
                    changed = _("Something was changed meanwhile. Nothing was imported: look at this once more.")
                    return self._previewed(request, text, changed)
                links = plan.carry_out(request.user)  # type: ignore[arg-type]  # who is in the panel is somebody
        except (LastAdmin, TableUnreadable) as error:
            return self._previewed(request, text[: spreadsheets.LARGEST], str(error))
        count = len(plan.changes)
        text = ngettext("%(count)s row was imported.", "%(count)s rows were imported.", count)
        messages.success(request, text % {"count": count})
        if links:
            return self._page(request, links=links)
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def _plan(self, text: str) -> Plan:
        """Raises TableUnreadable."""
        if len(text) > spreadsheets.LARGEST:
            raise TableUnreadable(_("The file is larger than one megabyte. Import it in parts."))
        return self.table.plan(spreadsheets.read(text, list(self.table.columns), self.table.required))

    def _rehearsed(self, request: HttpRequest, plan: Plan) -> str:
        """What would stand in the way of all of it together, in words."""
        if plan.problems:
            return ""
        try:
            with transaction.atomic(), admins.one_stays():
                plan.carry_out(request.user)  # type: ignore[arg-type]
                if not admins.is_one_there():
                    raise LastAdmin
                raise _Rehearsed
        except _Rehearsed:
            return ""
        except AccountError as error:
            return str(error)

    def _may_import(self, request: HttpRequest) -> bool:
        return bool(self.has_add_permission(request) and self.has_change_permission(request))

    def _page(self, request: HttpRequest, **found: Any) -> HttpResponse:
        back = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "title": _("Import from CSV")}
        context = {**shared, "columns": self.table.columns, "required": self.table.required, "back": back, **found}
        response = render(request, "accounts/panel_table_import.html", context)
        add_never_cache_headers(response)
        return response
