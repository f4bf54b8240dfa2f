"""What every page of the panel shares: who changes something through it is in the audit log."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.admin import ModelAdmin, TabularInline

from accounts import audit, council
from accounts.audit import Kind
from accounts.encryption import EncryptedTextField
from accounts.first_steps import BACK


class OfferedFilters(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """An address filters by what the page offers and by nothing else: Django lets it ask for any column."""

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        offered = {each[0] if isinstance(each, tuple) else each for each in self.list_filter}
        column = lookup.partition("__")[0]
        is_no_column = column not in {field.name for field in self.opts.get_fields()}  # but a filter's own word
        is_offered = any(lookup == name or lookup.startswith(f"{name}__") for name in offered)
        return (is_no_column or is_offered) and bool(super().lookup_allowed(lookup, value, request))


class AuditedAdmin(OfferedFilters):
    """Set a kind to None where the model itself records it. Columns that tell how much a person does go `of_persons`:
    in works-council mode they are not shown."""

    of_persons: ClassVar[tuple[str, ...]] = ()
    added: ClassVar[Kind | None] = Kind.SETTING_ADDED
    changed: ClassVar[Kind | None] = Kind.SETTING_CHANGED
    removed: ClassVar[Kind | None] = Kind.SETTING_REMOVED

    def get_list_display(self, request: HttpRequest) -> Any:
        shown = super().get_list_display(request)
        return [name for name in shown if name not in self.of_persons] if council.is_on() else shown

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Who may only look would be shown the value of a secret, for which a form has an empty field instead."""
        found = super().get_fieldsets(request, obj)
        secret = set(self.of_persons) if council.is_on() else set()
        if obj is not None and not self.has_change_permission(request, obj):
            secret |= {field.name for field in self.opts.concrete_fields if isinstance(field, EncryptedTextField)}
        if not secret:
            return found
        return [(title, {**options, "fields": _without(options["fields"], secret)}) for title, options in found]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes with them is counted, not named: among it is what people wrote."""
        _named, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return [str(obj) for obj in objs], counts, lacking, protected

    def response_post_save_add(self, request: HttpRequest, obj: Model) -> HttpResponse:
        return self._back(request) or super().response_post_save_add(request, obj)

    def response_post_save_change(self, request: HttpRequest, obj: Model) -> HttpResponse:
        return self._back(request) or super().response_post_save_change(request, obj)

    def _back(self, request: HttpRequest) -> HttpResponse | None:
        """To the first steps, for who came from there."""
        return redirect("admin:index") if BACK in request.GET else None

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        if self.added:
            audit.record(self.added, obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        if self.changed and (fields := changed_fields(message)):
            audit.record(self.changed, obj, detail=fields)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Model]) -> Any:
        for obj in queryset if self.removed else ():
            audit.record(self.removed, obj)  # type: ignore[arg-type]  # not None, by the line above
        return super().log_deletions(request, queryset)


class Rows(TabularInline):  # type: ignore[misc]
    """Rows below another one. Their headings stand in a table's head, which a field on its own does not know."""

    def get_formset(self, *args: Any, **kwargs: Any) -> Any:
        formset = super().get_formset(*args, **kwargs)
        for field in formset.form.base_fields.values():
            widget = getattr(field.widget, "widget", field.widget)  # a related row's is wrapped
            widget.attrs.setdefault("aria-label", str(field.label))
        return formset


class ReadOnlyAdmin(OfferedFilters):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def _without(fields: Iterable[Any], secret: set[str]) -> list[Any]:
    return [name for name in fields if name not in secret]


def changed_fields(message: Any) -> str:
    """The names in what Django notes of a change, those of rows below it with what was done to them."""
    found: list[str] = []
    for part in message if isinstance(message, list) else ():
        for what, noted in part.items():
            row = f"{noted['name']} {what}: " if "name" in noted else ""
            found.append(row + ", ".join(noted.get("fields", [])) if row else ", ".join(noted.get("fields", [])))
    return "; ".join(each.removesuffix(": ") for each in found if each)


def rows_of(formset: Any) -> Iterable[tuple[str, Model]]:
    """What was done to which row below another one."""
    yield from (("added", row) for row in formset.new_objects)
    yield from (("changed", row) for row, _fields in formset.changed_objects)
    yield from (("removed", row) for row in formset.deleted_objects)


def record_rows(formset: Any, kinds: dict[str, Kind], describe: Callable[[Any], tuple[Model, str]]) -> None:
    for what, row in rows_of(formset):
        about, detail = describe(row)
        audit.record(kinds[what], about, detail=detail)
