"""The line through Redis without its threads: what is said when, what is dropped, who is let go."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from collab.events.bell import redis_line
from collab.events.bell.line import MAX_WAITING_BYTES
from collab.events.bell.redis_line import (
    ALIVE_KIND,
    GONE_KIND,
    LETTER_KIND,
    NAME_BYTES,
    PATIENCE_S,
    QUESTION_KIND,
    RING_KIND,
    RING_RETRY_S,
    RedisLine,
    Sender,
    channel_of,
    connected,
)

from ..support.redis import RedisServer, redis_server
from ..support.waiting import PATIENCE, eventually
from .fakes import Keeps

#: Where no Redis is.
NOWHERE = "unix:///nowhere/redis.sock?db=3"
#: The names of two other processes.
OTHER, THIRD = b"o" * NAME_BYTES, b"t" * NAME_BYTES


class Scene:
    """A line whose threads do not run, and what it has said."""

    def __init__(self, url: str = NOWHERE) -> None:
        self.keeps = Keeps(b"all there is")
        self.line = RedisLine(url)
        self.line.reader = self.keeps
        self.own = self.line._token

    def says(self) -> list[bytes]:
        """Return what waits to be published, and forget it."""
        said = [*self.line._sender._waiting]
        self.line._sender._waiting.clear()
        return said

    def everything(self) -> list[bytes]:
        """Return what tells somebody all that they should know."""
        return [LETTER_KIND + self.own + b"all there is"]

    def knows(self, name: bytes) -> None:
        self.line._take(ALIVE_KIND + name)
        self.says()


class Takes(Sender):
    """A sender that seems to run, and publishes nothing."""

    alive = True


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def running(scene: Scene) -> Scene:
    """Return a scene whose sender takes rings, too."""
    scene.line._sender = Takes(NOWHERE, "channel")
    return scene


@pytest.fixture
def redis_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


# -- what comes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [RING_KIND, ALIVE_KIND, LETTER_KIND, GONE_KIND, QUESTION_KIND])
def test_what_comes_back_from_redis_is_nobodys(scene: Scene, kind: bytes) -> None:
    scene.line._take(kind + scene.own + b"own")
    assert (scene.keeps.rings, scene.keeps.letters, scene.says()) == (0, [], [])
    assert scene.line.alone


def test_a_ring_is_rung_and_makes_nobody_known(scene: Scene) -> None:
    scene.line._take(RING_KIND + OTHER)
    assert scene.keeps.rings == 1
    assert scene.line.alone
    assert scene.says() == []


@pytest.mark.parametrize("kind", [ALIVE_KIND, LETTER_KIND, QUESTION_KIND])
def test_who_is_heard_for_the_first_time_is_told_everything_and_rung(
    running: Scene, kind: bytes
) -> None:
    running.line._take(kind + OTHER)
    assert not running.line.alone
    assert running.says() == [*running.everything(), RING_KIND + running.own]


@pytest.mark.parametrize("kind", [ALIVE_KIND, LETTER_KIND])
def test_who_is_known_is_told_nothing_again(scene: Scene, kind: bytes) -> None:
    scene.knows(OTHER)
    scene.line._take(kind + OTHER)
    assert scene.says() == []


def test_who_asks_is_told_everything_again(scene: Scene) -> None:
    scene.knows(OTHER)
    scene.line._take(QUESTION_KIND + OTHER)
    assert scene.says() == scene.everything()


def test_a_letter_comes_whole_and_with_the_name_of_its_sender(scene: Scene) -> None:
    scene.line._take(LETTER_KIND + OTHER + b"a letter")
    scene.line._take(LETTER_KIND + THIRD + b"")
    assert scene.keeps.letters == [b"a letter", b""]
    assert scene.keeps.origins == [OTHER.hex(), THIRD.hex()]


@pytest.mark.parametrize("kind", [ALIVE_KIND, QUESTION_KIND, RING_KIND])
def test_what_is_no_letter_is_not_taken_for_one(scene: Scene, kind: bytes) -> None:
    scene.line._take(kind + OTHER)
    assert scene.keeps.letters == []


def test_who_says_goodbye_is_lost_once(scene: Scene) -> None:
    scene.knows(OTHER)
    scene.knows(THIRD)
    scene.line._take(GONE_KIND + OTHER)
    scene.line._take(GONE_KIND + OTHER)
    assert scene.keeps.lost_ones == [OTHER.hex()]
    assert not scene.line.alone, "the third one is there"


def test_who_was_never_heard_is_not_lost(scene: Scene) -> None:
    scene.line._take(GONE_KIND + OTHER)
    assert scene.keeps.lost_ones == []


def test_who_is_silent_for_too_long_is_lost_and_the_others_stay(scene: Scene) -> None:
    scene.knows(OTHER)
    scene.knows(THIRD)
    scene.line._heard[OTHER.hex()] -= scene.line._dead_after_s
    scene.line._miss()
    assert scene.keeps.lost_ones == [OTHER.hex()]


@pytest.mark.parametrize("kind", [ALIVE_KIND, LETTER_KIND, QUESTION_KIND])
def test_whatever_comes_is_a_sign_of_life(scene: Scene, kind: bytes) -> None:
    scene.knows(OTHER)
    scene.line._heard[OTHER.hex()] = 0.0
    scene.line._take(kind + OTHER)
    scene.line._miss()
    assert scene.keeps.lost_ones == []


# -- what goes ------------------------------------------------------------------------------------


def test_letters_and_rings_bear_the_name_of_their_process(running: Scene) -> None:
    running.line.send(b"a letter")
    running.line.ring()
    assert running.says() == [LETTER_KIND + running.own + b"a letter", RING_KIND + running.own]


def test_what_waits_is_bounded_and_what_is_dropped_is_told_again(scene: Scene) -> None:
    sender, half = scene.line._sender, b"x" * (MAX_WAITING_BYTES // 2)
    sender.put(half)
    sender.put(half)
    assert (len(scene.line._sender._waiting), sender.behind) == (2, False)
    sender.put(b"one too many")
    assert ([*sender._waiting], sender.behind) == ([b"one too many"], True)
    sender.put(b"x" * (MAX_WAITING_BYTES - len(b"one too many")))
    assert len(scene.says()) == 2, "what was dropped takes no room"


def test_who_is_told_everything_is_no_longer_behind(scene: Scene) -> None:
    scene.line._sender.behind = True
    scene.line._tell_all()
    assert scene.line._sender.behind is False


def test_who_falls_behind_while_they_tell_everything_says_not_that_it_was_all(
    scene: Scene,
) -> None:
    asked: list[bytes] = []

    class Much(Keeps):
        def met(self, origin: str) -> Generator[bytes, None, None]:
            for letter in (b"first", b"x" * MAX_WAITING_BYTES, b"that was all"):
                asked.append(letter[:5])
                yield letter

    scene.line.reader = Much()
    scene.line._tell_all()
    assert asked == [b"first", b"xxxxx"]
    assert scene.line._sender.behind


def test_a_fork_has_a_name_of_its_own(scene: Scene) -> None:
    scene.line._prepare()
    scene.line._sender.stop()
    assert len(scene.line._token) == NAME_BYTES
    assert scene.line._token != scene.own


def test_who_never_began_says_no_goodbye(scene: Scene) -> None:
    scene.line.stop()
    assert scene.says() == []


# -- Redis itself ---------------------------------------------------------------------------------


def test_a_client_gives_up_soon() -> None:
    told = connected(NOWHERE).connection_pool.connection_kwargs
    assert told["socket_timeout"] == told["socket_connect_timeout"] == PATIENCE_S
    assert told["retry"] is None


def test_each_database_has_a_channel_and_the_first_is_meant_where_none_is_named() -> None:
    assert channel_of(NOWHERE) == "collab:processes:3"
    assert channel_of("redis://here:6379") == channel_of("redis://here:6379/0")
    assert channel_of("redis://here:6379") == "collab:processes:0"


def test_a_sender_without_redis_says_so_once_and_is_behind(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", redis_line.log.name)
    sender = scene.line._sender
    sender.put(b"a message")
    assert not sender._published(sender._waiting)
    assert "other processes are told later: Error 2 connecting" in caplog.text
    caplog.clear()
    assert not sender._published(sender._waiting)
    assert not caplog.messages
    assert (sender.trouble, sender.behind) == ("ConnectionError", True)
    assert scene.line.state == "degraded: Redis does not answer: ConnectionError"


def test_what_is_published_comes_in_its_order_on_its_channel_alone(redis_here: RedisServer) -> None:
    sender = Sender(redis_here.url, "here")
    sender.trouble = "ConnectionError"
    with redis_here.client.pubsub() as ears:
        ears.subscribe("here", "there")
        for one in (b"first", b"second"):
            sender.put(one)
        assert sender._published(sender._waiting)
        heard = [ears.get_message(timeout=PATIENCE) for _ in range(4)]
    assert [one["data"] for one in heard if one["type"] == "message"] == [b"first", b"second"]
    assert {one["channel"] for one in heard if one["type"] == "message"} == {b"here"}
    assert sender.trouble == ""


def test_a_sender_that_ends_publishes_what_waits(redis_here: RedisServer) -> None:
    sender = Sender(redis_here.url, "here")
    with redis_here.client.pubsub() as ears:
        ears.subscribe("here")
        ears.get_message(timeout=PATIENCE)
        sender.put(b"goodbye")
        sender.start()
        sender.stop()
        assert ears.get_message(timeout=PATIENCE)["data"] == b"goodbye"
    assert not sender.alive
    eventually(lambda: len(redis_here.client.client_list()) == 1)  # who asks


def test_who_only_rings_leaves_a_redis_alone_that_is_not_there(scene: Scene) -> None:
    before = time.monotonic()
    scene.line.ring()
    again_at = scene.line._ring_again_at
    assert before + RING_RETRY_S <= again_at <= time.monotonic() + RING_RETRY_S
    scene.line.ring()
    assert scene.line._ring_again_at == again_at


# -- the threads, in this one ---------------------------------------------------------------------


def test_a_sender_goes_on_after_each_message_and_forgets_how_much_has_gone(
    redis_here: RedisServer,
) -> None:
    sender, much = Sender(redis_here.url, "here"), b"x" * MAX_WAITING_BYTES
    with redis_here.client.pubsub() as ears:
        ears.subscribe("here")
        ears.get_message(timeout=PATIENCE)
        sender.start()
        for one in (b"some", much, b"more"):
            sender.put(one)
            assert ears.get_message(timeout=PATIENCE)["data"] == one
        sender.stop()
    assert (sender.behind, sender.alive) == (False, False)


def test_a_sender_without_redis_ends_when_it_is_told_to(scene: Scene) -> None:
    sender = scene.line._sender
    sender._stopping.set()
    sender.put(b"a message")
    sender._run()
    assert sender.behind


class Stops(Keeps):
    """Ends a line that listens, once something has come."""

    def __init__(self, scene: Scene, client: Any) -> None:
        super().__init__(b"all there is")
        self.scene, self._client = scene, client
        scene.keeps = scene.line.reader = self

    def publishes(self, message: bytes) -> None:
        self._client.publish(self.scene.line._channel, message)

    def take(self, origin: str, letter: bytes) -> None:
        super().take(origin, letter)
        self.ends()

    def ends(self) -> None:
        self.scene.line._stopping.set()


@pytest.fixture
def there(redis_here: RedisServer) -> Scene:
    """Return a scene with a Redis."""
    return Scene(redis_here.url)


class Answers(Stops):
    """Is written to as soon as it listens."""

    def met(self, origin: str) -> Generator[bytes, None, None]:
        if not self.met_ones:
            self.publishes(LETTER_KIND + OTHER + b"an answer")
        yield from super().met(origin)


def test_who_begins_listens_asks_tells_everything_and_lives(
    there: Scene, redis_here: RedisServer
) -> None:
    keeps = Answers(there, redis_here.client)
    there.line._trouble = "ConnectionError"
    there.line._beaten_at = 0.0
    there.line._listen()
    assert keeps.letters == [b"an answer"]
    begins = [QUESTION_KIND + there.own, *there.everything(), ALIVE_KIND + there.own]
    assert there.says() == [*begins, *there.everything()], "the last for whom it has met"
    assert there.line._trouble == ""
    assert there.line._beaten_at > 0


class FallsBehind(Stops):
    """Learns while it tells everything that something was dropped, and ends when it tells again."""

    def met(self, origin: str) -> Generator[bytes, None, None]:
        if self.met_ones:
            self.ends()
        self.scene.line._sender.behind = True
        yield from super().met(origin)


def test_who_was_behind_tells_everything_again(there: Scene, redis_here: RedisServer) -> None:
    keeps = FallsBehind(there, redis_here.client)
    there.line._listen()
    assert len(keeps.met_ones) == 2


class LosesSomebody(Stops):
    def lost(self, origin: str) -> None:
        super().lost(origin)
        self.ends()


def test_who_listens_lets_go_of_who_is_silent(there: Scene, redis_here: RedisServer) -> None:
    keeps = LosesSomebody(there, redis_here.client)
    there.line._dead_after_s = 0.05
    there.line._heard[OTHER.hex()] = time.monotonic()
    there.line._sender.behind, there.line._sender.trouble = True, "ConnectionError"
    there.line._listen()
    assert keeps.lost_ones == [OTHER.hex()]
    assert len(keeps.met_ones) == 1, "while Redis takes nothing, nothing is told"


class Fails(RedisLine):
    """Listens once, and fails."""

    error: Exception = OSError("gone")

    def _listen(self) -> None:
        self._stopping.set()
        raise self.error


def test_without_redis_the_log_is_polled_and_who_is_silent_goes(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", redis_line.log.name)
    line = Fails(NOWHERE)
    line.reader = scene.keeps
    line._heard[OTHER.hex()] = 0.0
    line._run()
    assert caplog.messages == ["Redis does not answer, the log is polled: gone"]
    line._stopping.clear()
    line._run()
    assert len(caplog.messages) == 1, "once is enough"
    assert scene.keeps.lost_ones == [OTHER.hex()]
    assert line.state == "degraded: Redis does not answer: OSError"


def test_a_letter_that_cannot_be_taken_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    line = Fails(NOWHERE)
    line.error = KeyError("a letter")
    line._run()
    assert caplog.messages == ["a letter can't be taken, going on after it"]
    assert not line.state.startswith("degraded")


def test_a_process_that_only_rings_is_heard_on_the_channel(
    there: Scene, redis_here: RedisServer
) -> None:
    with redis_here.client.pubsub() as ears:
        ears.subscribe("collab:processes:0")
        ears.get_message(timeout=PATIENCE)
        there.line.ring()
        assert ears.get_message(timeout=PATIENCE)["data"] == RING_KIND + there.own


def test_who_ends_says_goodbye(there: Scene, redis_here: RedisServer) -> None:
    Answers(there, redis_here.client)
    with redis_here.client.pubsub() as ears:
        ears.subscribe("collab:processes:0")
        there.line.start()
        eventually(lambda: not there.line.alive)
        there.line.stop()
        assert not there.line._sender.alive
        heard = iter(lambda: ears.get_message(timeout=PATIENCE)["data"], None)
        assert GONE_KIND + there.line._token in heard
