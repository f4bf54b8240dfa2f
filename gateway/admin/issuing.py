from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from accounts.panel import AuditedAdmin
from gateway import once
from gateway.exceptions import KeyEnded
from gateway.key_forms import PanelRotationForm
from gateway.models import ApiKey, Webhook


class IssuingAdmin(AuditedAdmin):
    """Rows with a secret. It goes out in one answer alone: a message would carry it through a cookie."""

    added = None  # a row records itself how it is issued
    actions_detail = ["rotate"]
    of_rotating: Promise

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if once.is_done(request):
            messages.info(request, _("This is there already; its secret was shown once."))
            return redirect(self._list())
        response: HttpResponse = super().add_view(request, *args, **kwargs)
        return response

    def response_add(
        self, request: HttpRequest, obj: ApiKey | Webhook, post_url_continue: str | None = None
    ) -> HttpResponse:
        once.note(request)
        return self._issued(request, obj)

    @action(description=_("New secret"), url_path="rotate", permissions=["change"])  # type: ignore[untyped-decorator]
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        form = PanelRotationForm(request.POST or None, row=row)
        if not form.is_valid():
            return self._page(request, row, "gateway/panel_rotate.html", form=form, sentence=self.of_rotating)
        try:
            row.rotate(form.cleaned_data["overlap"])
        except KeyEnded as error:
            messages.error(request, str(error))
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", object_id)
        # in the audit log it is by the row itself
        super(AuditedAdmin, self).log_change(request, row, [{"changed": {"fields": ["secret"]}}])
        return self._issued(request, row)

    def _issued(self, request: HttpRequest, row: ApiKey | Webhook) -> HttpResponse:
        response = self._page(request, row, "gateway/panel_issued.html", back=self._list())
        add_never_cache_headers(response)
        return response

    def _page(self, request: HttpRequest, row: ApiKey | Webhook, template: str, **context: Any) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "title": row.name, "row": row}
        return render(request, template, shared | context)

    def _list(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
