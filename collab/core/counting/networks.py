"""Which addresses are counted together, since one caller can send from many."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

#: Anyone with one IPv6 address has a whole network: providers assign a /64 at least (RFC 6177 §2).
IPV6_PREFIX_BITS = 64

#: IPv4 addresses as translators write them (RFC 6052 §2.1): a /64 would be all of the Internet.
TRANSLATED_NETWORK = IPv6Network("64:ff9b::/96")

#: Whatever cannot be read as an address, such as that of a Unix socket, is counted together.
UNKNOWN = "unknown"

#: How many addresses are remembered with their networks.
MAX_ADDRESSES_REMEMBERED = 4096


@lru_cache(maxsize=MAX_ADDRESSES_REMEMBERED)
def network_of(address: str | None) -> str:
    """Return the network that limits count an address by, in one spelling.

    An IPv4 address stands for itself, however it is written in IPv6 (mapped, RFC 4291 §2.5.5.2;
    translated, RFC 6052; 6to4, RFC 3056). An IPv6 address stands for its /64. A zone, brackets
    and a port, which some proxies add, do not count. Never fails.
    """
    try:
        found = ip_address(_bare(address or ""))
    except ValueError:
        return UNKNOWN
    if isinstance(found, IPv6Address):
        return _network_of_v6(found)
    return str(found)


def _bare(address: str) -> str:
    """Return an address without its port, brackets and zone."""
    address = address.strip()
    if address.startswith("["):
        address = address[1:].partition("]")[0]
    # An IPv6 address has two colons at least, so one means a port.
    elif address.count(":") == 1:
        address = address.partition(":")[0]
    return address.partition("%")[0]


def _network_of_v6(address: IPv6Address) -> str:
    within = address.ipv4_mapped or address.sixtofour
    if within is None and address in TRANSLATED_NETWORK:
        within = IPv4Address(int(address) & 0xFFFFFFFF)
    if within is not None:
        return str(within)
    return str(IPv6Network((address, IPV6_PREFIX_BITS), strict=False))
