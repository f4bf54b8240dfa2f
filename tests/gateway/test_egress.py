"""Where the server lets itself be sent. Every address here is dialled, or not, over real sockets."""

import asyncio
import ssl
from pathlib import Path

import pytest
import requests
from aiohttp import ClientConnectorError

from accounts import addresses
from accounts.exceptions import AddressRefused
from accounts.models import IdentityProvider
from accounts.oidc import ProviderAdapter
from gateway import discovery, egress
from gateway.egress import fetch
from gateway.exceptions import OutsideError, OutsideRefused, OutsideTooLarge, UpstreamUnreachable
from gateway.models import Upstream
from tests.fake_upstream import FakeUpstream
from tests.gateway.test_discovery import own_authority
from tests.outside import INSIDE, PUBLIC, Names, Server, inside, names, outside

__all__ = ["inside", "names", "outside", "own_authority"]

NOT_OUTSIDE = """
    0.0.0.0 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 127.8.8.8 168.63.129.16 169.254.169.254 172.16.0.1
    172.31.255.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1
    239.1.1.1 240.0.0.1
    255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe
    64:ff9b:1::1 2002:7f00:1:: 2002:a9fe:a9fe::1 2001::1 2001:db8::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1
    fe80::1%eth0 fec0::1 ff02::1 ff0e::1 localhost 127.1 2130706433
""".split()  # noqa: SIM905
METADATA = """
    169.254.169.254 169.254.170.2 168.63.129.16 100.100.100.200 192.0.0.192 fe80::1 fe80::1%2 fd00:ec2::254
    ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 2002:a9fe:a9fe::1 ::169.254.169.254
""".split()  # noqa: SIM905
MISWRITTEN = [
    "", "x", "//example.org", "ftp://example.org", "file:///etc/passwd", "gopher://example.org", "unix:///run/x.sock",
    "http://", "http:///x", "http://user@example.org", "http://user:pw@example.org", "http://127.0.0.1\\@example.org",
    "http://exam ple.org", "http://example.org/\r\nx: y", "http://example.org\t", "http://example.org/\x00",
    "http://example.org:0", "http://example.org:22", "http://example.org:25", "http://example.org:99999",
    "http://2130706433", "http://0x7f000001", "http://0x7f.1", "http://017700000001", "http://127.1", "http://0",
    "http://127.0.0.1.", "http://①②⑦.⓪.⓪.①", "http://[::1]", "http://[::ffff:127.0.0.1]", "http://[fe80::1%25eth0]",
    "http://134744072", "http://8.8", "http://[", "http://" + "a" * 3000,
]  # fmt: skip
LEADING_INSIDE = [
    [INSIDE], ["::1"], ["0.0.0.0"], ["::ffff:127.0.0.1"], ["127.0.0.2"], [INSIDE, INSIDE],  # noqa: S104
]  # fmt: skip


@pytest.mark.parametrize("address", NOT_OUTSIDE)
def test_an_address_that_is_not_public_is_not_outside(address: str) -> None:
    assert not addresses.outside(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_a_public_address_is_outside(address: str) -> None:
    assert addresses.outside(address)


@pytest.mark.parametrize("address", METADATA)
def test_not_even_an_admin_sends_us_to_a_clouds_metadata(address: str) -> None:
    assert not addresses.anywhere(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "192.168.1.1", "::1", "fd12::1", "8.8.8.8"])
def test_an_admins_server_may_be_anywhere(address: str) -> None:
    assert addresses.anywhere(address)


@pytest.mark.parametrize("url", MISWRITTEN)
async def test_what_is_no_plain_address_is_refused_unseen(url: str, names: Names) -> None:
    with pytest.raises(OutsideRefused):
        await fetch("GET", url)


@pytest.mark.parametrize("url", [None, 7, b"http://example.org", ["http://example.org"]])
async def test_what_is_no_text_is_refused(url: object) -> None:
    with pytest.raises(OutsideRefused):
        await fetch("GET", url)  # type: ignore[arg-type]


async def test_a_public_server_is_asked_and_answers(outside: Server, names: Names) -> None:
    names.say("hooks.example.org", [PUBLIC])
    outside.status, outside.headers = 201, {"x-said": "yes"}
    answer = await fetch("POST", f"http://hooks.example.org:{outside.port}/in?a=1", headers={"x-sent": "1"}, body=b"{}")
    assert (answer.status, answer.headers["X-Said"], answer.body) == (201, "yes", b"hello")
    [(method, path, headers, body)] = outside.asked
    assert (method, path, body, headers["x-sent"]) == ("POST", "/in?a=1", b"{}", "1")
    assert headers["host"] == f"hooks.example.org:{outside.port}"


@pytest.mark.parametrize("answer", LEADING_INSIDE, ids=str)
async def test_a_name_that_leads_inside_is_never_dialled(inside: Server, names: Names, answer: list[str]) -> None:
    names.say("innocent.example.org", answer)
    with pytest.raises(OutsideRefused):
        await fetch("GET", f"http://innocent.example.org:{inside.port}/")
    assert inside.connections == 0


async def test_of_a_mixed_answer_only_what_is_public_is_dialled(outside: Server, names: Names) -> None:
    caught: list[object] = []
    names.say("both.example.org", [INSIDE, PUBLIC])
    async with await asyncio.start_server(lambda *streams: caught.append(streams), INSIDE, outside.port):
        assert (await fetch("GET", f"http://both.example.org:{outside.port}/")).body == b"hello"
    assert caught == []


async def test_a_name_that_leads_elsewhere_the_second_time_gains_nothing(
    outside: Server, inside: Server, names: Names
) -> None:
    names.say("rebinding.example.org", [PUBLIC], [INSIDE])
    assert (await fetch("GET", f"http://rebinding.example.org:{outside.port}/")).status == 200
    with pytest.raises(OutsideRefused):
        await fetch("GET", f"http://rebinding.example.org:{inside.port}/")
    assert inside.connections == 0 and len(names.answers["rebinding.example.org"]) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_nothing_more(outside: Server, inside: Server, status: int) -> None:
    outside.status, outside.headers = status, {"location": inside.url}
    assert (await fetch("GET", outside.url)).status == status
    assert inside.connections == 0


async def test_proxies_of_the_environment_are_not_used(
    outside: Server, inside: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, inside.url)
    assert (await fetch("GET", outside.url)).body == b"hello"
    assert inside.connections == 0


async def test_no_cookie_is_kept(outside: Server) -> None:
    outside.headers = {"set-cookie": "a=b"}
    await fetch("GET", outside.url)
    await fetch("GET", outside.url)
    assert "cookie" not in outside.asked[1][2]


async def test_too_much_and_too_slow_come_to_an_end(outside: Server) -> None:
    outside.body = b"x" * 100_000
    with pytest.raises(OutsideTooLarge):
        await fetch("GET", outside.url, max_bytes=99_999)
    assert len((await fetch("GET", outside.url, max_bytes=100_000)).body) == 100_000
    outside.headers = {"content-length": "100001"}  # and never sends the last one
    with pytest.raises(OutsideError):
        await fetch("GET", outside.url, max_bytes=200_000, timeout=0.3)


async def test_a_name_that_does_not_resolve_and_a_closed_port_are_said_alike() -> None:
    said = []
    for url in ("https://no-such-host.invalid/", "http://127.0.0.9:9/"):
        with pytest.raises(OutsideError) as failure:
            await fetch("GET", url)
        said.append(str(failure.value))
    assert not [text for text in said if "invalid" in text or "127" in text]


@pytest.mark.parametrize("address", ["169.254.169.254", "[::ffff:169.254.169.254]", "2852039166", "0xa9fea9fe"])
def test_an_upstream_at_a_clouds_metadata_is_not_asked(address: str) -> None:
    with pytest.raises(UpstreamUnreachable):
        discovery.look(Upstream(base_url=f"http://{address}/v1"), 2)


async def test_an_upstream_whose_name_turns_to_metadata_is_not_dialled(names: Names) -> None:
    names.say("gpu.example.org", ["169.254.169.254"])
    async with egress.session(addresses.anywhere) as session:
        with pytest.raises(ClientConnectorError) as failure:
            await session.get("http://gpu.example.org/v1/models", allow_redirects=False)
    assert isinstance(failure.value.os_error, AddressRefused)


def test_the_certificate_has_to_be_for_the_name_not_for_the_address_behind_it(
    own_authority: tuple[str, ssl.SSLContext, ssl.SSLContext], names: Names
) -> None:
    names.say("gpu.example.org", ["127.0.0.1"])
    with FakeUpstream(tls=own_authority[1]) as server:
        upstream = Upstream(base_url=server.url, certificate=own_authority[0])
        assert discovery.look(upstream).models
        upstream.base_url = server.url.replace("127.0.0.1", "gpu.example.org")
        with pytest.raises(UpstreamUnreachable, match="another name"):
            discovery.look(upstream)


@pytest.mark.django_db
def test_nor_does_it_suffice_for_an_identity_provider(
    own_authority: tuple[str, ssl.SSLContext, ssl.SSLContext], names: Names, tmp_path: Path
) -> None:
    names.say("login.example.org", ["127.0.0.1"])
    known = tmp_path / "authority.pem"
    known.write_text(own_authority[0])
    with FakeUpstream(tls=own_authority[1]) as server, ProviderAdapter().get_requests_session() as session:
        session.verify = str(known)
        by_address, by_name = server.url, server.url.replace("127.0.0.1", "login.example.org")
        for issuer in (by_address, by_name):
            IdentityProvider.objects.create(name="K", slug=str(len(issuer)), issuer=issuer, client_id="voliere")
        assert session.get(f"{by_address}/models").status_code == 200
        with pytest.raises(requests.exceptions.SSLError):
            session.get(f"{by_name}/models")
