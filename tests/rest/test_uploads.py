"""Uploads that do not end, or end too soon, on a real socket."""

import re
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.conf import settings
from pytest_django import Settings

from accounts.models import User
from config.bodies import _limit
from gateway.models import ApiKey
from rag.models import Collection, Document
from tests.gateway.serving import in_this_process
from tests.rest.conftest import BASE
from tests.rest.test_rights import EVERY, UPLOADS, Operation

FORM = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n'


@pytest.mark.parametrize("operation", [each for each in EVERY if each.name in UPLOADS], ids=lambda each: each.name)
def test_every_upload_may_be_as_large_as_a_file(operation: Operation) -> None:
    path = re.sub(r"{\w+}", str(uuid4()), operation.path)
    assert _limit(path) > settings.UPLOAD_MAX_BYTES


@pytest.fixture
def line(transactional_db: None, alice: User, settings: Settings) -> Iterator[socket.socket]:
    """A connection on which an upload was begun."""
    settings.UPLOAD_MAX_BYTES = 100_000
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100_000
    collection = Collection.objects.create(owner=alice, name="Haus")
    secret = ApiKey.create(alice, "script")[1]
    with in_this_process() as address:
        host = urlsplit(address)
        with socket.create_connection((str(host.hostname), int(host.port or 0)), 30) as open_line:
            head = (
                f"POST {BASE}/collections/{collection.pk}/documents HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                f"Authorization: Bearer {secret}\r\nTransfer-Encoding: chunked\r\n"
                "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
            )
            open_line.sendall(head.encode())
            chunk(open_line, FORM)
            yield open_line


def chunk(line: socket.socket, content: bytes) -> None:
    line.sendall(b"%x\r\n%s\r\n" % (len(content), content))


def test_an_upload_without_end_is_cut(line: socket.socket) -> None:
    for _ in range(80):
        chunk(line, b"x" * 10_000)
    told = line.recv(4_000)
    assert told.startswith(b"HTTP/1.1 413") and b"application/problem+json" in told
    assert not Document.objects.exists()


def test_half_an_upload_leaves_nothing(line: socket.socket) -> None:
    chunk(line, b"Ha")
    line.close()
    time.sleep(0.5)
    assert not Document.objects.exists()
