"""A cache that may go away at any moment: then it holds nothing, and whoever asked goes on without."""

import logging
import time
from collections.abc import Callable, Container
from typing import Any, TypeVar

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

PAUSE = 10.0  # seconds in which a Redis that was away is not asked again: each try may take a second

logger = logging.getLogger(__name__)
Result = TypeVar("Result")


class ForgivingCache(RedisCache):
    """Forgives what the limits on signing in, and the panel, use."""

    _away_until = 0.0

    def get(self, key: Any, default: Any = None, *args: Any, **kwargs: Any) -> Any:
        return self._without(default, super().get, key, default, *args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> bool:
        """True, as if new: a lock that nobody can hold is free, and need not be waited for."""
        return self._without(True, super().add, *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._without(None, super().set, *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return self._without(False, super().touch, *args, **kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> int:
        return self._without(1, super().incr, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return self._without(False, super().delete, *args, **kwargs)

    def forget(self, kind: str, ids: Container[str]) -> None:
        """All keys `kind:id:…`. Fails while Redis is away: who wants something gone has to come again."""
        client: Any = self._cache.get_client(None, write=True)
        beginning = self.make_and_validate_key(f"{kind}:")
        for key in client.scan_iter(match=f"{beginning}*", count=1_000):
            if key.decode().removeprefix(beginning).partition(":")[0] in ids:
                client.delete(key)

    def _without(self, otherwise: Result, method: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
        if time.monotonic() < self._away_until:
            return otherwise
        try:
            return method(*args, **kwargs)
        except RedisError as error:
            type(self)._away_until = time.monotonic() + PAUSE
            logger.warning("Redis is away (%s); signing in is not limited until it is back.", type(error).__name__)
            return otherwise
