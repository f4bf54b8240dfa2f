"""Reading as somebody: the database itself then gives out only what that person may see, whatever is asked of it.

It is a second wall behind `visible_to`. The policies on the tables hold for the role that is taken on here, which may
read everything otherwise and write nothing. Role and person are set for the transaction alone: with its end, however it
comes, the connection is what it was. Workers, sweeps and whatever writes stand on this side of the wall.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar, cast

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponseBase

from accounts.models import User
from accounts.signing_in import person

# a role that every PostgreSQL has; who owns the tables without being superuser has to be made a member of it
READER = "pg_read_all_data"
BEGIN = f"""
SELECT current_setting('role'), coalesce(current_setting('voliere.person', true), ''),
    set_config('voliere.person', %s, true),
    set_config('role', CASE WHEN pg_has_role(session_user, '{READER}', 'MEMBER')
        THEN '{READER}' ELSE current_setting('role') END, true)
"""
END = "SELECT set_config('role', %s, true), set_config('voliere.person', %s, true)"
STANDS = f"SELECT pg_has_role(session_user, '{READER}', 'MEMBER')"

View = TypeVar("View", bound=Callable[..., Any])


@contextmanager
def acting_for(user: User) -> Iterator[None]:
    """One transaction, for reading. Query sets have to be read within."""
    is_within = connection.in_atomic_block
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(BEGIN, [str(user.pk)])
            before = cursor.fetchone()[:2]
        yield
        if is_within:  # else the end of the transaction does it
            with connection.cursor() as cursor:
                cursor.execute(END, before)


def reads_as_its_person(view: View) -> View:
    """For a view behind `sign_in_required` that only reads and whose response is whole when it is returned."""

    @wraps(view)
    def acting(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with acting_for(person(request)):
            response: HttpResponseBase = view(request, *args, **kwargs)
            return response

    return cast(View, acting)


def wall_stands() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(STANDS)
        return bool(cursor.fetchone()[0])
