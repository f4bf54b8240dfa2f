"""What is in force and where it comes from, for the panel: every variable of docs/running.md, and what the panel itself
sets. Of a secret the page knows whether it is there."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import roles, rules
from accounts.roles import May
from config.effective_names import GROUPS, Variable
from config.running.exceptions import StartError
from config.running.programs import DECIDED
from config.running.variables import text


@dataclass(frozen=True)
class Effective:
    name: str
    value: str
    source: str
    meaning: str
    address: str = ""  # of the page that changes it


@dataclass(frozen=True)
class Group:
    title: str
    settings: list[Effective]


def page(request: HttpRequest) -> HttpResponse:
    if not roles.may(request.user, May.SEE_SETTINGS):
        raise PermissionDenied
    found = [Group(str(title), list(map(_of_the_environment, variables))) for title, variables in GROUPS]
    found.append(Group(_("Set in the panel"), list(_of_the_panel())))
    context = {**admin.site.each_context(request), "title": _("Settings in force"), "groups": found}
    return render(request, "config/panel_settings.html", context)


def _of_the_environment(variable: Variable) -> Effective:
    return Effective(variable.name, _shown(variable), _source(variable), str(variable.meaning))


def _source(variable: Variable) -> str:
    path = os.environ.get(f"{variable.name}_FILE")
    if path and not variable.is_plain:
        return _("file %(path)s") % {"path": path}
    if os.environ.get(variable.name) and variable.name not in os.environ.get(DECIDED, "").split(","):
        return _("environment")
    return _("Voliere itself") if variable.is_made and _in_force(variable) else _("default")


def _shown(variable: Variable) -> str:
    try:
        value = _in_force(variable)
    except StartError:  # the file it points to is gone since
        return _("cannot be read")
    if variable.is_secret:
        return _("set") if value else _("not set")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return _without_password(str(value)) or "–"


def _in_force(variable: Variable) -> object:
    if variable.value:
        return variable.value()
    return os.environ.get(variable.name, "") if variable.is_plain else text(variable.name)


def _without_password(value: str) -> str:
    """Addresses of services may carry one, before the host or behind the question mark."""
    if "://" not in value:
        return value
    try:
        parts = urlsplit(value)
    except ValueError:
        return "…"
    who, at, where = parts.netloc.rpartition("@")
    name, colon, _password = who.partition(":")
    return f"{parts.scheme}://{name}{':…' if colon else ''}{at}{where}{parts.path}{'?…' if parts.query else ''}"


def _of_the_panel() -> Iterator[Effective]:
    known, address = rules.current(), reverse("admin:accounts_houserules_changelist")
    names = dict(roles.EVERY_ROLE)
    shown = {
        "second_factor_for": ", ".join(str(names[role]) for role in known.second_factor_for) or "–",
        "open_sign_up": _("yes") if known.open_sign_up else _("no"),
        "invitation_days": str(known.invitation_days),
    }
    for field in known._meta.concrete_fields:
        if field.name in shown:
            source = _("default") if getattr(known, field.name) == field.get_default() else _("panel")
            yield Effective(str(field.verbose_name), shown[field.name], source, str(field.help_text), address)
