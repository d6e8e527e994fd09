"""Which addresses may be called, however they are written."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.core.outbound.addresses import is_public
from collab.core.outbound.urls import BadAddress, parse

PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "100.63.255.255",
    "100.128.0.0",
    "172.32.0.1",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2001:4860:4860::8888",
    "2001:200::1",
    "64:ff9b::808:808",
]
NOT_PUBLIC = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700:4700::1111%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "localhost",
    "",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_what_anybody_can_reach_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_somebodys_own_is_not_public(address):
    assert not is_public(address)


@given(st.integers(0, 2**32 - 1))
def test_an_address_in_another_one_counts_for_what_it_is(number):
    inner = str(IPv4Address(number))
    assert not is_public(f"::ffff:{inner}")
    assert not is_public(f"::{inner}")
    assert is_public(str(IPv6Address((0x64FF9B << 96) | number))) == is_public(inner)
    assert not is_public(str(IPv6Address((0x2002 << 112) | (number << 80))))


@given(st.integers(0, 2**125 - 1) | st.integers(2**126, 2**128 - 1))
def test_of_ipv6_nothing_outside_of_global_unicast_is_public(number):
    address = IPv6Address(number)
    assert not is_public(str(address)) or str(address).startswith("64:ff9b::")


REFUSED_URLS = [
    "",
    "example.com",
    "//example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "http://example.com/",
    "https:/example.com",
    "https://",
    "https:///path",
    "https://user@example.com/",
    "https://user:password@example.com/",
    "https://example.com@127.0.0.1/",
    "https://example.com:443@127.0.0.1/",
    "https://example.com\\@127.0.0.1/",
    "https://example.com/a\\b",
    "https://example.com/#part",
    "https://example.com/a b",
    " https://example.com/",
    "https://example.com/\r\nX: y",
    "https://example.com/\x00",
    "https://exam\tple.com/",
    "https://example.com/ä",
    "https://example.com:0/",
    "https://example.com:22/",
    "https://example.com:25/",
    "https://example.com:65536/",
    "https://example.com:99999/",
    "https://example.com:\uff14\uff14\uff13/",
    "https://example.com:/x:y@z/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0x7f000001/",
    "https://017700000001/",
    "https://127.1/",
    "https://0177.0.0.1/",
    "https://8.8.8.010/",
    "https://8.8.8.8./",
    "https://\uff11\uff12\uff17.0.0.0x1/",
    "https://[::1/",
    "https://[::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://[12345::]/",
    "https://example..com/",
    "https://.example.com/",
    "https://exa%6dple.com/",
    "https://example.com/" + "x" * 2000,
]


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_an_address_that_can_be_read_in_two_ways_is_refused(url):
    with pytest.raises(BadAddress):
        parse(url)


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "authority"),
    [
        ("https://example.com", "example.com", 443, "/", "example.com"),
        ("HTTPS://Example.COM/Hook?a=b&c", "example.com", 443, "/Hook?a=b&c", "example.com"),
        ("https://example.com?a", "example.com", 443, "/?a", "example.com"),
        ("https://example.com:8443/@you", "example.com", 8443, "/@you", "example.com:8443"),
        ("https://example.com:443/", "example.com", 443, "/", "example.com"),
        ("https://bücher.example/", "xn--bcher-kva.example", 443, "/", "xn--bcher-kva.example"),
        ("https://[2606:4700::1]/", "2606:4700::1", 443, "/", "[2606:4700::1]"),
        ("https://\uff18.8.8.8/", "8.8.8.8", 443, "/", "8.8.8.8"),
    ],
)
def test_an_address_is_taken_apart_once(url, host, port, path, authority):
    found = parse(url)
    assert (found.host, found.port, found.path, found.authority) == (host, port, path, authority)


def test_an_operators_own_network_may_have_plain_http_and_every_port():
    found = parse("http://build_box:81/hook", allow_private=True)
    assert (found.scheme, found.host, found.port) == ("http", "build_box", 81)
