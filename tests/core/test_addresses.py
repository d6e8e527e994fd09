"""One caller, who may send from many addresses, is counted as one."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.core.counting.networks import UNKNOWN, network_of

v4 = st.integers(0, 2**32 - 1).map(IPv4Address)
v6 = st.integers(2**125, 2**126 - 1).map(IPv6Address).filter(lambda one: one.sixtofour is None)


@given(v4)
def test_an_ipv4_address_is_one_however_it_is_written(address):
    plain = str(address)
    packed = int(address)
    spellings = {
        plain,
        f" {plain} ",
        f"{plain}:443",
        f"::ffff:{plain}",
        f"::FFFF:{plain}",
        f"[::ffff:{plain}]:443",
        str(IPv6Address(0xFFFF << 32 | packed)),
        IPv6Address(0xFFFF << 32 | packed).exploded,
        f"64:ff9b::{plain}",
        str(IPv6Address(0x2002 << 112 | packed << 80 | 7)),
    }
    assert {network_of(one) for one in spellings} == {plain}


@given(v6, st.integers(0, 2**64 - 1))
def test_all_addresses_of_a_64_are_one(address, host):
    neighbour = IPv6Address(int(address) >> 64 << 64 | host)
    written = {
        str(address),
        neighbour.exploded.upper(),
        f"{neighbour}%eth0",
        f"[{neighbour}]",
        f"[{neighbour}]:8080",
    }
    assert len({network_of(one) for one in written}) == 1
    assert network_of(str(address)).endswith("/64")


@given(v6, v6)
def test_different_64s_are_different(one, other):
    same = int(one) >> 64 == int(other) >> 64
    assert (network_of(str(one)) == network_of(str(other))) == same


@given(v4, v4)
def test_translated_addresses_are_not_one_network(one, other):
    assert (network_of(f"64:ff9b::{one}") == network_of(f"64:ff9b::{other}")) == (one == other)


@pytest.mark.parametrize("address", [None, "", "unknown", "_hidden", "1.2.3", "@", "[", "::g", "%"])
def test_what_is_not_an_address_gets_no_count_of_its_own(address):
    assert network_of(address) == UNKNOWN


@given(st.text(max_size=60))
def test_nothing_makes_it_fail(address):
    assert len(network_of(address)) <= 45
