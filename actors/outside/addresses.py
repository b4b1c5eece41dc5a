"""Which addresses `http_request` may connect to: the public ones, and those that a setting allows."""

import ipaddress
import queue
import socket
import threading
from collections.abc import Callable, Iterable

from actors.outside.deadline import Deadline

SETTING = "http_request.allow_networks"

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

# Not public either, though `is_global` says so, in Python 3.11 at least.
_NOT_PUBLIC: tuple[IPNetwork, ...] = tuple(
    ipaddress.ip_network(network)
    for network in (
        "168.63.129.16/32",  # Azure's platform services, metadata among them
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata service is 192.0.0.192
        "192.88.99.0/24",  # 6to4 relays
        "2001::/23",  # protocol assignments; Teredo, which embeds IPv4 addresses
        "2002::/16",  # 6to4, which embeds IPv4 addresses
        "3fff::/20",  # documentation
    )
)


class AddressNotAllowed(Exception):
    """The request would go to an address that is not public and that no network in the settings holds."""


def resolve_allowed(host: str, port: int, networks: Iterable[IPNetwork], deadline: Deadline) -> list[IPAddress]:
    """The addresses of `host`, in the resolver's order. Numeric forms such as 2130706433 or 0x7f.1 are addresses too.

    Raises AddressNotAllowed if any of them is out of bounds, OSError if there is none, DeadlineExceeded.
    """
    networks = tuple(networks)
    addresses = _resolve(host, port, deadline)
    for address in addresses:
        if not is_public(address) and not any(_plain(address) in network for network in networks):
            raise AddressNotAllowed(
                f"{host} is at {address}, which is not a public address; the setting {SETTING} can allow its network"
            )
    return addresses


def is_public(address: IPAddress) -> bool:
    """Whether the address belongs to the public Internet. IPv4 inside IPv6 counts as the IPv4 address."""
    address = _plain(address)
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    if any(address in network for network in _NOT_PUBLIC):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _plain(address: IPAddress) -> IPAddress:
    """The IPv4 address that an IPv6 address stands for by mapping or NAT64; else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address in _NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address


def _resolve(host: str, port: int, deadline: Deadline) -> list[IPAddress]:
    # A resolver that hangs can be neither interrupted nor given a time limit, so it hangs in a thread of its own.
    answers: queue.SimpleQueue[Callable[[], list[IPAddress]]] = queue.SimpleQueue()
    threading.Thread(target=_look_up, args=(host, port, answers), name="resolve", daemon=True).start()
    while True:
        try:
            return answers.get(timeout=deadline.step())()
        except queue.Empty:
            continue


def _look_up(host: str, port: int, answers: "queue.SimpleQueue[Callable[[], list[IPAddress]]]") -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(ipaddress.ip_address(entry[4][0]) for entry in found))
    except Exception as error:  # noqa: BLE001 - handed to the thread that waits
        problem = OSError(f"can't resolve {host}: {error}")
        answers.put(lambda: _fail(problem))
    else:
        answers.put(lambda: addresses)


def _fail(problem: OSError) -> list[IPAddress]:
    raise problem
