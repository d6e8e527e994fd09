"""Which addresses are public: what anybody can reach from anywhere, and no private networks.

The lists are written out, and not left to `ipaddress`: what that considers global changes with the
version of Python, and it does not look into addresses that embed others.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

#: Not called private, yet nobody's server: protocol assignments (RFC 6890), the anycast relays of
#: 6to4 (RFC 7526), documentation (RFC 5737), benchmarks (RFC 2544), carrier-grade NAT (RFC 6598).
REFUSED_V4_NETWORKS = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
#: What IANA has assigned as global unicast (RFC 4291 §2.4): the rest is unassigned, or local.
GLOBAL_V6_NETWORK = IPv6Network("2000::/3")
#: Within it: protocol assignments with Teredo (RFC 2928, RFC 4380), documentation (RFC 3849, RFC
#: 9637), and 6to4 (RFC 3056), whose addresses embed an IPv4 address to which a relay would forward.
REFUSED_V6_NETWORKS = tuple(
    IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
#: A translator takes the last 32 bits as an IPv4 address (RFC 6052 §2.1). IPv6-only networks reach
#: others that way, so public addresses behind it may be called.
NAT64_NETWORK = IPv6Network("64:ff9b::/96")
V4_BITS = 0xFFFFFFFF


def is_public(text: str) -> bool:
    """Return whether anybody can reach an address, written as a resolver does."""
    try:
        found = ip_address(text)
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        return _is_public_v6(found)
    return _is_public_v4(found)


def _is_public_v4(found: IPv4Address) -> bool:
    return found.is_global and not any(found in network for network in REFUSED_V4_NETWORKS)


def _is_public_v6(found: IPv6Address) -> bool:
    if found.scope_id is not None:
        return False
    if found in NAT64_NETWORK:
        return _is_public_v4(IPv4Address(int(found) & V4_BITS))
    if found not in GLOBAL_V6_NETWORK:  # these include IPv4 addresses in other notations
        return False
    return found.is_global and not any(found in network for network in REFUSED_V6_NETWORKS)
