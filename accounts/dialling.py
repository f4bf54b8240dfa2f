"""How identity providers are dialled: by the rules of `addresses`, under `requests`, which allauth speaks with them."""

import socket
from typing import Any
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from accounts import addresses
from accounts.addresses import Rule
from accounts.models import IdentityProvider

DEFAULT_PORTS = {"https": 443, "http": 80}


class Checked(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _EncryptedPool}


class _Plain(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self)


class _Encrypted(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _EncryptedPool(HTTPSConnectionPool):
    ConnectionCls = _Encrypted


def _connected(connection: HTTPConnection) -> socket.socket:
    host, port = connection.host, connection.port
    try:
        return addresses.connect(_rule(host, port), host, port, connection.timeout)
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, "timed out") from error
    except OSError as error:
        raise NewConnectionError(connection, str(error)) from error


def _rule(host: str, port: int) -> Rule:
    """An issuer is where the admin says; what its description names beside it is a claim of that server."""
    for issuer in IdentityProvider.objects.active().values_list("issuer", flat=True):
        here = urlsplit(issuer)
        if (here.hostname, here.port or DEFAULT_PORTS[here.scheme]) == (host.strip("[]").lower(), port):
            return addresses.anywhere
    return addresses.outside
