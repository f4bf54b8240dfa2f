"""Database work in async code."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from channels.db import database_sync_to_async
from django.db import connection

P = ParamSpec("P")
Result = TypeVar("Result")


async def in_database(function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """In a thread of the pool, so that nobody waits for another's query; its connection goes back at once."""
    result: Result = await database_sync_to_async(function, thread_sensitive=False)(*args, **kwargs)
    return result


def give_back() -> None:
    """This thread's connection, before something is waited for."""
    if not connection.in_atomic_block:  # as a test's may be
        connection.close()
