"""Requests to servers that redirect, trickle, lie about their name, or are not to be called."""

import datetime
import inspect
import ssl
import threading
import time

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from collab.core.outbound.client import Client
from collab.core.outbound.errors import Broken, Forbidden, TookTooLong, Unresolved
from collab.core.outbound.network import Deadline, PinnedBackend
from collab.core.outbound.resolving import MAX_LOOKUPS_AT_ONCE, addresses_of
from collab.core.outbound.urls import parse

from ...support.receivers import Receiver, Rude, Says
from ...support.waiting import PATIENCE

#: Seconds: long for a server that answers, short for one that never does.
PATIENT_S = 30.0
SHORT_S = 0.3


class Names:
    """A resolver that knows what it is told, and counts how often it is asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers, self.asked = list(answers), 0

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def rude():
    made = []

    def serve(manner):
        made.append(Rude(manner))
        return made[-1]

    yield serve
    for one in made:
        one.close()


def inside(*answers: list[str]) -> Client:
    """Return a client of an operator's own network, whose names have these addresses."""
    return Client(allow_private=True, resolve=Names(*(answers or (["127.0.0.1"],))))


def call(client: Client, port: int, *, deadline_s: float = PATIENT_S, path: str = "/hook", **more):
    target = parse(f"http://receiver.example:{port}{path}", allow_private=True)
    return client.send("POST", target, deadline_s=deadline_s, **more)


def test_the_host_stays_the_name_that_was_asked_for(receiver):
    answer = call(inside(), receiver.port, body=b"{}", headers={"X-A": "b"})
    assert (answer.status, answer.body, answer.truncated) == (200, b"thank you", False)
    (got,) = receiver.got
    assert (got.method, got.path, got.body) == ("POST", "/hook", b"{}")
    assert got.headers["host"] == f"receiver.example:{receiver.port}"
    assert got.headers["x-a"] == "b"


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["::1"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"]],
)
def test_a_name_with_an_address_that_is_not_public_is_not_called(receiver, addresses):
    target = parse(f"https://receiver.example:{receiver.port}/")
    with pytest.raises(Forbidden):
        Client(resolve=Names(addresses)).send("POST", target, deadline_s=PATIENT_S)
    assert receiver.got == []


@pytest.mark.parametrize("url", ["https://127.0.0.1:{}/", "https://[::1]:{}/"])
def test_an_address_instead_of_a_name_is_looked_at_too(receiver, url):
    with pytest.raises(Forbidden):
        Client().send("POST", parse(url.format(receiver.port)), deadline_s=PATIENT_S)
    assert receiver.got == []


def test_a_name_that_is_bound_anew_is_looked_up_once_only(receiver):
    """The second answer would be another server: nobody asks for it."""
    names = Names(["127.0.0.1"], ["192.0.2.1"])
    call(Client(allow_private=True, resolve=names), receiver.port)
    assert names.asked == 1
    names = Names(["192.0.2.1"], ["127.0.0.1"])  # not public, and then it would be ours
    with pytest.raises(Forbidden):
        Client(resolve=names).send("POST", parse("https://rebinding.example/"), deadline_s=SHORT_S)
    assert names.asked == 1
    assert len(receiver.got) == 1


def test_the_next_address_is_tried_where_the_first_takes_no_connections(receiver):
    assert call(inside(["127.0.0.2", "127.0.0.1"]), receiver.port).status == 200


def test_a_name_without_addresses_is_told_apart():
    def unknown(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    for resolve in (unknown, Names([])):
        with pytest.raises(Unresolved):
            call(Client(allow_private=True, resolve=resolve), 80)


def test_a_resolver_that_does_not_answer_is_given_up(receiver):
    released = threading.Event()

    def slow(host: str, port: int) -> list[str]:
        released.wait(PATIENCE)
        return ["127.0.0.1"]

    try:
        with pytest.raises(TookTooLong):
            call(Client(allow_private=True, resolve=slow), receiver.port, deadline_s=SHORT_S)
    finally:
        released.set()
    assert receiver.got == []


def test_a_redirect_is_an_answer_like_others_and_not_followed(receiver):
    receiver.says(Says(307, {"Location": f"http://127.0.0.1:{receiver.port}/inside"}))
    answer = call(inside(), receiver.port)
    assert answer.status == 307
    assert [got.path for got in receiver.got] == ["/hook"]


def test_no_proxy_of_the_environment_is_asked(receiver, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert call(inside(), receiver.port).status == 200


def test_no_more_of_a_body_is_read_than_is_wanted(receiver):
    receiver.says(Says(body=b"x" * 100_000))
    answer = call(inside(), receiver.port, max_answer_bytes=1000)
    assert (answer.body, answer.truncated) == (b"x" * 1000, True)


def trickles(first: bytes, again: bytes):
    """Send something, and then a few bytes again and again, each time within any time-out."""

    def manner(connection, released):
        connection.sendall(first)
        while not released.wait(0.02):
            connection.sendall(again)

    return manner


def says_nothing(connection, released):
    released.wait(PATIENCE)


def takes_nothing(connection, released):
    released.wait(PATIENCE)


def takes_a_little(connection, released):
    while not released.wait(0.02):
        connection.recv(10)


@pytest.mark.parametrize(
    "manner",
    [
        says_nothing,
        trickles(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        trickles(b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
        trickles(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n", b"x"),
        trickles(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
    ids=["silent", "headers", "interim", "body", "chunks"],
)
def test_whoever_trickles_is_given_up_at_the_deadline(rude, manner):
    started = time.monotonic()
    with pytest.raises(TookTooLong):
        call(inside(), rude(manner).port, deadline_s=SHORT_S)
    assert time.monotonic() - started < 20  # as long as it trickles it would be for ever


def test_whoever_takes_a_body_byte_by_byte_is_given_up_at_the_deadline(rude):
    with pytest.raises(TookTooLong):
        call(inside(), rude(takes_a_little).port, deadline_s=SHORT_S, body=b"x" * 2**24)


def test_a_handshake_that_never_ends_is_given_up_at_the_deadline(rude):
    target = parse(f"https://receiver.example:{rude(says_nothing).port}/", allow_private=True)
    with pytest.raises(TookTooLong):
        inside().send("POST", target, deadline_s=SHORT_S)


@pytest.mark.parametrize(
    "said", [b"", b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 200_000]
)
def test_what_is_no_http_is_told(rude, said):
    def manner(connection, released):
        connection.recv(65536)
        connection.sendall(said)

    with pytest.raises(Broken):
        call(inside(), rude(manner).port)


def test_where_nobody_listens_the_answer_does_not_say_more(receiver):
    receiver.close()
    with pytest.raises(Broken, match=r"^Nobody takes connections there\.$"):
        call(inside(), receiver.port)


CRITICAL = (x509.BasicConstraints, x509.KeyUsage)


class Authority:
    """Signs certificates for names, as RFC 5280 has them: Python 3.13 takes no others."""

    def __init__(self, folder):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        uses = dict.fromkeys(inspect.signature(x509.KeyUsage).parameters, False)
        self.certificate = self._sign(
            self.name,
            self.key,
            x509.BasicConstraints(True, None),
            x509.KeyUsage(**uses | {"key_cert_sign": True}),
        )

    def _sign(self, subject, key, *extensions):
        now = datetime.datetime.now(datetime.UTC)
        day = datetime.timedelta(days=1)
        builder = x509.CertificateBuilder(self.name, subject, key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - day).not_valid_after(now + day)
        for one in (
            *extensions,
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
        ):
            builder = builder.add_extension(one, critical=isinstance(one, CRITICAL))
        return builder.sign(self.key, hashes.SHA256())

    def server(self, host: str) -> ssl.SSLContext:
        """Return what a server of this name presents."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        pem = self._sign(subject, key, names).public_bytes(serialization.Encoding.PEM)
        pem += key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        path = self.folder / f"{host}.pem"
        path.write_bytes(pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def trusting(self) -> ssl.SSLContext:
        """Return what a client checks by that trusts this authority."""
        context = ssl.create_default_context()
        pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        context.load_verify_locations(cadata=pem)
        return context


def test_the_certificate_must_be_that_of_the_name(tmp_path):
    authority = Authority(tmp_path)
    asked = []
    context = authority.server("receiver.example")
    context.sni_callback = lambda _, name, __: asked.append(name)
    receiver = Receiver(context)
    try:
        client = Client(allow_private=True, resolve=Names(["127.0.0.1"]), trust=authority.trusting)
        url = f"https://{{}}:{receiver.port}/"
        mine = parse(url.format("receiver.example"), allow_private=True)
        assert client.send("POST", mine, deadline_s=PATIENT_S).status == 200
        other = parse(url.format("other.example"), allow_private=True)
        with pytest.raises(Broken, match="certificate"):
            client.send("POST", other, deadline_s=PATIENT_S)
        with pytest.raises(Broken, match="certificate"):  # an authority that nobody knows
            inside().send("POST", mine, deadline_s=PATIENT_S)
    finally:
        receiver.close()
    assert asked[:2] == ["receiver.example", "other.example"]


def test_nothing_is_begun_after_the_deadline():
    backend = PinnedBackend(Deadline(0.0), Names(["127.0.0.1"]), allow_private=True)
    with pytest.raises(TookTooLong):
        backend.connect_tcp("receiver.example", 80)
    with pytest.raises(TookTooLong):
        backend.sleep(PATIENCE)


def test_no_file_of_this_machine_is_connected_to():
    backend = PinnedBackend(Deadline(PATIENT_S), Names(["127.0.0.1"]), allow_private=True)
    with pytest.raises(httpcore.ConnectError):
        backend.connect_unix_socket("/run/docker.sock")


def test_a_name_for_which_no_thread_could_be_had_keeps_no_place(monkeypatch):
    def start(_):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", start)
        for _ in range(MAX_LOOKUPS_AT_ONCE + 1):
            with pytest.raises(Broken, match="No thread"):
                addresses_of("example.com", 443, SHORT_S, Names(["8.8.8.8"]), allow_private=False)
    found = addresses_of("example.com", 443, PATIENT_S, Names(["8.8.8.8"]), allow_private=False)
    assert found == ["8.8.8.8"]
