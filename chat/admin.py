"""In the panel: how many think well of each model's answers. Conversations are not for admins to read."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from chat.opinions import by_model


def opinions(request: HttpRequest) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": _("Opinions of answers"), "tallies": by_model()}
    return render(request, "chat/panel_opinions.html", context)
