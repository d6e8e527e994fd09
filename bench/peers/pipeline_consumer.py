"""The peer of the pipeline: takes batches from a Redis stream and stores them in PostgreSQL.

    python pipeline_consumer.py REDIS_URL POSTGRES_URL

What it does for an event is what ours does at the least: it reads the JSON, checks that there are
an id and a type, drops ids that are known, stores the event under the same indexes, counts it by
minute and type, and acknowledges the batch after the commit.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import datetime
from typing import Any

import psycopg
import redis

STREAM, GROUP = "peer", "workers"
TABLES = """
CREATE TABLE events (id BIGSERIAL PRIMARY KEY, project INT, ts TIMESTAMPTZ, type TEXT,
    event_id UUID UNIQUE, user_id TEXT, session_id TEXT, data JSONB);
CREATE INDEX ON events (project, ts);
CREATE INDEX ON events (project, type, ts);
CREATE INDEX ON events (project, user_id, ts, type, session_id);
CREATE TABLE minutes (minute TIMESTAMPTZ, type TEXT, events INT, PRIMARY KEY (minute, type));
CREATE TABLE totals (name TEXT PRIMARY KEY, events BIGINT);
"""
INSERT = """
INSERT INTO events (project, ts, type, event_id, user_id, session_id, data)
SELECT 1, * FROM unnest(%s::timestamptz[], %s::text[], %s::uuid[], %s::text[], %s::text[],
    %s::jsonb[])
ON CONFLICT (event_id) DO NOTHING RETURNING ts, type
"""
COUNT = """
INSERT INTO minutes VALUES (date_trunc('minute', %s::timestamptz), %s, %s)
ON CONFLICT (minute, type) DO UPDATE SET events = minutes.events + excluded.events
"""
TOTAL = """
INSERT INTO totals VALUES ('done', %s)
ON CONFLICT (name) DO UPDATE SET events = totals.events + excluded.events
"""


def rows_of(body: bytes) -> list[tuple[Any, ...]]:
    """Return the columns of a batch's events."""
    rows = []
    for one in json.loads(body):
        if not one.get("event_id") or not one.get("event_type"):
            continue
        data = json.dumps({"data": one["data"], "metadata": one["metadata"]})
        session = one["data"].get("session_id")
        when = datetime.fromisoformat(one["timestamp"])
        rows.append((when, one["event_type"], one["event_id"], one["user_id"], session, data))
    return rows


def store(database: psycopg.Connection[Any], bodies: list[bytes]) -> None:
    """Store some batches in one transaction."""
    rows = [row for body in bodies for row in rows_of(body)]
    with database.transaction(), database.cursor() as cursor:
        cursor.execute(INSERT, [list(column) for column in zip(*rows, strict=True)])
        counts = Counter(cursor.fetchall())
        cursor.executemany(COUNT, [(*key, count) for key, count in counts.items()])
        cursor.execute(TOTAL, (len(rows),))


def main(redis_url: str, postgres_url: str) -> None:
    """Take and store until killed."""
    client = redis.Redis.from_url(redis_url, protocol=2)
    client.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    with psycopg.connect(postgres_url, autocommit=True) as database:
        database.execute(TABLES)
        print("ready", flush=True)
        while True:
            found: Any = client.xreadgroup(GROUP, "one", {STREAM: ">"}, count=8, block=1000)
            entries = found[0][1] if found else []
            if entries:
                store(database, [values[b"body"] for _, values in entries])
                ids = [key for key, _ in entries]
                client.xack(STREAM, GROUP, *ids)
                client.xdel(STREAM, *ids)


if __name__ == "__main__":
    main(*sys.argv[1:])
