"""The panel's first page: what each room tells, put together."""

import shutil
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.formats import number_format
from django.utils.translation import gettext as _

import gateway.dashboard
import rag.dashboard
from accounts.charts import Level, State, States
from config import first_steps

GIB = 1024**3
SCARCE, SCANT = 2 * GIB, 10 * GIB  # bytes free: too few to go on, and soon too few


def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's DASHBOARD_CALLBACK."""
    user: Any = request.user
    parts = [*gateway.dashboard.parts(user), *rag.dashboard.parts(user), _disk()]
    return {**context, "title": _("Overview"), "parts": parts, "guide": first_steps.guide(request)}


def _disk() -> States:
    found = shutil.disk_usage(settings.DATA_DIR)
    level = Level.ILL if found.free < SCARCE else Level.WARNED if found.free < SCANT else Level.WELL
    values = {"free": number_format(found.free / GIB, 1), "total": number_format(found.total / GIB, 1)}
    text = _("%(free)s GiB of %(total)s GiB are free") % values
    return States(_("Disk"), [State(_("Data folder"), text, level), State(_("Database"), _database_size())], "")


def _database_size() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        [size] = cursor.fetchone() or [0]
    return filesizeformat(size)
