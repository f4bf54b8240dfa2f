"""A pooled connection to the database is held while a page is made, not while it is sent."""

import contextlib
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from rag.models import Collection
from rag.uploads import accept
from tests.conftest import client_of
from tests.gateway.serving import in_this_process
from tests.rag.files import uploaded

LARGE = 12 * 2**20  # bytes: more than the sockets between take in
POOL = settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"]


@contextlib.contextmanager
def asking(url: str, path: str, client: Client) -> Iterator[socket.socket]:
    """Ask and read nothing yet."""
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    place = urlsplit(url)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=20) as reader:
        reader.sendall(f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nCookie: {cookie}\r\n\r\n".encode())
        yield reader


def test_stalled_downloads_keep_nobody_from_the_database(transactional_db: None, alice: User) -> None:
    collection = Collection.objects.create(name="Handbook", owner=alice)
    path = reverse("rag:download", args=[accept(alice, collection, uploaded("x" * LARGE)).pk])
    client = client_of(alice)
    connection.close()
    with in_this_process() as url, contextlib.ExitStack() as stack:
        begun = [stack.enter_context(asking(url, path, client)).recv(15) for _ in range(POOL)]
        assert begun == [b"HTTP/1.1 200 OK"] * POOL
        assert urlopen(f"{url}/readyz", timeout=5).status == 200


@pytest.mark.django_db
def test_a_page_leaves_the_transaction_around_it_alone(alices_client: Client) -> None:
    alices_client.get(reverse("chat:home"))
    assert User.objects.exists()
