"""A store of an older version is brought up to date: what is known stays known."""

import sqlite3

from collab.ingest.pipeline.engines.sqlite import upgrade
from collab.ingest.pipeline.engines.sqlite_schema import VERSIONS

from ..support.pipeline import MORNING, Pipeline

UUID = "01234567-89ab-4cde-8f01-23456789abcd"
#: A text, one as long as the bytes of a UUID, and a UUID.
IDS = ("a", "sixteen bytes ä", UUID)
MINUTE, DAY = MORNING // 60_000, MORNING // 86_400_000


def test_ids_stay_known_and_long_times_are_counted(tmp_path):
    raw = sqlite3.connect(tmp_path / "ingest.db", isolation_level=None)
    raw.executescript(f"{VERSIONS[0]}; PRAGMA user_version=1")
    before = ("a", "sixteen bytes ä", bytes.fromhex(UUID.replace("-", "")))
    assert len(before[1].encode()) == 16
    raw.executemany("INSERT INTO seen VALUES (1, ?, ?)", [(DAY, one) for one in before])
    raw.executemany(
        "INSERT INTO minutes VALUES (1, ?, 1, 'click', 2, 1)", [(MINUTE,), (MINUTE + 120,)]
    )
    raw.execute("INSERT INTO archives VALUES (1, 7, 100, 3, 'abc')")
    upgrade(raw)
    raw.close()
    pipeline = Pipeline(tmp_path)
    pipeline.takes(
        *({"event_type": "click", "event_id": one, "timestamp": MORNING_TEXT} for one in IDS)
    )
    pipeline.loads()
    assert (pipeline.totals()["stored"], pipeline.totals()["duplicate"]) == (0, 3)
    assert pipeline.asks("SELECT hour, events, late FROM hours ORDER BY hour") == [
        (MINUTE // 60, 2, 1),
        (MINUTE // 60 + 2, 2, 1),
    ]
    assert pipeline.asks("SELECT day, events, late FROM days") == [(DAY, 4, 2)]
    assert pipeline.asks("SELECT * FROM archives WHERE hour = 7") == [(1, 7, "", 100, 3, "abc")]
    pipeline.close()


MORNING_TEXT = "2026-01-31T09:30:00Z"
