import ipaddress
import socket

import httpx
import pytest

from actors.http_request import http_request
from actors.outside.addresses import AddressNotAllowed, is_public, resolve_allowed
from actors.outside.deadline import Deadline

# fmt: off
NOT_PUBLIC = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",  # noqa: S104 - nothing is bound to it
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1",
    "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
    "255.255.255.255", "168.63.129.16", "::", "::1", "::7f00:1", "::ffff:0:0", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1",
    "2002:7f00:1::", "2002:a00:1::", "2002:808:808::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254",
    "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
]

PUBLIC = [
    "1.1.1.1", "8.8.8.8", "93.184.216.34", "172.15.0.1", "172.32.0.1", "223.255.255.254",
    "2606:4700:4700::1111", "2a00:1450:4001:830::200e", "::ffff:8.8.8.8", "64:ff9b::808:808",
]
# fmt: on

LOOPBACK_FORMS = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0x7f.0x0.0x0.0x1",
    "017700000001",
    "0",
    "0.0.0.0",  # noqa: S104 - likewise
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "localhost",
    "LOCALHOST",
    "127\u30020\u30020\u30021",
    "user:password@127.0.0.1",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public(address):
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address(address):
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("host", LOOPBACK_FORMS)
def test_no_way_to_write_loopback_gets_through(run, allow, host):
    with socket.create_server(("127.0.0.1", 0)) as secret:
        with pytest.raises(AddressNotAllowed, match=r"http_request\.allow_networks"):
            http_request.fn(f"http://{host}:{secret.getsockname()[1]}/")
        secret.setblocking(False)
        with pytest.raises(BlockingIOError):
            secret.accept()


@pytest.mark.parametrize("host", ["0177.0.0.1", "127.0.0.01", "127.0.0.256"])
def test_dotted_forms_that_read_in_two_ways_are_no_urls(run, allow, host):
    allow(networks=["0.0.0.0/0"])
    with pytest.raises(httpx.InvalidURL):
        http_request.fn(f"http://{host}/")


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "file:///etc/passwd", "unix:///tmp/x", "example.com", "//x/", ""]
)
def test_only_http_and_https_are_allowed(run, allow, url):
    with pytest.raises(AddressNotAllowed, match="only http:// and https://"):
        http_request.fn(url)


def test_the_message_names_the_host_the_address_and_the_setting(monkeypatch):
    _resolve_to(monkeypatch, "10.1.2.3")
    with pytest.raises(AddressNotAllowed, match=r"inner\.example is at 10\.1\.2\.3.*http_request\.allow_networks"):
        resolve("inner.example")


def test_one_address_that_is_not_public_is_enough_to_refuse(monkeypatch):
    _resolve_to(monkeypatch, "8.8.8.8", "10.1.2.3")
    with pytest.raises(AddressNotAllowed):
        resolve("mixed.example")


def test_a_network_of_the_settings_is_allowed(monkeypatch):
    _resolve_to(monkeypatch, "10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::a01:203")
    assert len(resolve("inner.example", "10.1.0.0/16")) == 3


def test_a_network_of_the_settings_allows_no_other(monkeypatch):
    _resolve_to(monkeypatch, "10.2.0.1")
    with pytest.raises(AddressNotAllowed):
        resolve("inner.example", "10.1.0.0/16", "fc00::/7")


def test_addresses_are_kept_in_order_and_once(monkeypatch):
    _resolve_to(monkeypatch, "8.8.8.8", "1.1.1.1", "8.8.8.8")
    assert [str(address) for address in resolve("name.example")] == ["8.8.8.8", "1.1.1.1"]


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "two..dots"])
def test_a_name_that_can_not_be_is_an_oserror(host):
    with pytest.raises(OSError, match="can't resolve"):
        resolve(host)


def resolve(host: str, *networks: str) -> list[object]:
    return resolve_allowed(host, 80, map(ipaddress.ip_network, networks), Deadline(20, "too late"))


def _resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def fake_getaddrinfo(_host: str, port: int, *_: object, **__: object) -> list[object]:
        return [(None, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", fake_getaddrinfo)
