"""The tables of a store in an SQLite file, version by version."""

from __future__ import annotations

#: Each version's statements upgrade a store from the previous one.
VERSIONS: tuple[str, ...] = (
    """
    CREATE TABLE inbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        project INTEGER NOT NULL,
        source INTEGER NOT NULL,
        received INTEGER NOT NULL,
        format TEXT NOT NULL,
        events INTEGER NOT NULL,
        context TEXT NOT NULL,
        body BLOB NOT NULL
    );
    CREATE TABLE waiting (project INTEGER PRIMARY KEY, bytes INTEGER NOT NULL);
    CREATE TRIGGER inbox_grows AFTER INSERT ON inbox BEGIN
        INSERT INTO waiting VALUES (NEW.project, length(NEW.body))
            ON CONFLICT (project) DO UPDATE SET bytes = bytes + excluded.bytes;
    END;
    CREATE TRIGGER inbox_shrinks AFTER DELETE ON inbox BEGIN
        UPDATE waiting SET bytes = bytes - length(OLD.body) WHERE project = OLD.project;
    END;
    CREATE TABLE events (
        id INTEGER PRIMARY KEY,
        project INTEGER NOT NULL,
        source INTEGER NOT NULL,
        ts INTEGER NOT NULL,
        received INTEGER NOT NULL,
        type TEXT NOT NULL,
        event_id TEXT NOT NULL,
        user_id TEXT,
        session_id TEXT,
        late INTEGER NOT NULL,
        data TEXT NOT NULL
    );
    CREATE INDEX events_by_time ON events (project, ts);
    CREATE INDEX events_by_type ON events (project, type, ts, user_id);
    CREATE INDEX events_by_user ON events (project, user_id, ts, type, session_id);
    CREATE TABLE seen (
        source INTEGER NOT NULL,
        day INTEGER NOT NULL,
        id BLOB NOT NULL,
        PRIMARY KEY (source, day, id)
    ) WITHOUT ROWID;
    CREATE TABLE seen_days (
        source INTEGER NOT NULL,
        day INTEGER NOT NULL,
        last INTEGER NOT NULL,
        PRIMARY KEY (source, day)
    ) WITHOUT ROWID;
    CREATE TABLE dead_letters (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        project INTEGER NOT NULL,
        source INTEGER NOT NULL,
        received INTEGER NOT NULL,
        rejected_at INTEGER NOT NULL,
        stage TEXT NOT NULL,
        reason TEXT NOT NULL,
        event_id TEXT,
        type TEXT,
        format TEXT NOT NULL,
        receipt TEXT NOT NULL,
        context TEXT NOT NULL,
        state TEXT NOT NULL,
        changed_at INTEGER,
        payload BLOB NOT NULL,
        correction BLOB
    );
    CREATE INDEX dead_letters_by_project ON dead_letters (project, state, id);
    CREATE INDEX dead_letters_by_source ON dead_letters (source, state, id);
    CREATE INDEX dead_letters_by_receipt ON dead_letters (source, receipt);
    CREATE TABLE totals (
        source INTEGER PRIMARY KEY,
        project INTEGER NOT NULL,
        received INTEGER NOT NULL DEFAULT 0,
        stored INTEGER NOT NULL DEFAULT 0,
        duplicate INTEGER NOT NULL DEFAULT 0,
        rejected INTEGER NOT NULL DEFAULT 0,
        late INTEGER NOT NULL DEFAULT 0,
        bytes INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE minutes (
        project INTEGER NOT NULL,
        minute INTEGER NOT NULL,
        source INTEGER NOT NULL,
        type TEXT NOT NULL,
        events INTEGER NOT NULL,
        late INTEGER NOT NULL,
        PRIMARY KEY (project, minute, source, type)
    ) WITHOUT ROWID;
    CREATE TABLE latencies (
        source INTEGER NOT NULL,
        minute INTEGER NOT NULL,
        bucket INTEGER NOT NULL,
        events INTEGER NOT NULL,
        PRIMARY KEY (source, minute, bucket)
    ) WITHOUT ROWID;
    CREATE TABLE archives (
        project INTEGER NOT NULL,
        hour INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        events INTEGER NOT NULL,
        sha256 TEXT,
        PRIMARY KEY (project, hour)
    ) WITHOUT ROWID;
    CREATE TABLE taken (entry TEXT PRIMARY KEY, source INTEGER, events INTEGER) WITHOUT ROWID;
    CREATE TABLE state (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
    """,
    # Ids are bytes, whatever they identify; hours and days, for questions about long periods; who
    # wrote a file of the archive; an entry of the stream is remembered for a while after its load.
    """
    UPDATE seen SET id = CAST(x'ff' || id AS BLOB)
        WHERE typeof(id) = 'text' AND length(CAST(id AS BLOB)) = 16;
    UPDATE seen SET id = CAST(id AS BLOB) WHERE typeof(id) = 'text';
    CREATE TABLE hours (
        project INTEGER NOT NULL,
        hour INTEGER NOT NULL,
        source INTEGER NOT NULL,
        type TEXT NOT NULL,
        events INTEGER NOT NULL,
        late INTEGER NOT NULL,
        PRIMARY KEY (project, hour, source, type)
    ) WITHOUT ROWID;
    INSERT INTO hours SELECT project, minute / 60, source, type, sum(events), sum(late)
        FROM minutes GROUP BY 1, 2, 3, 4;
    CREATE TABLE days (
        project INTEGER NOT NULL,
        day INTEGER NOT NULL,
        source INTEGER NOT NULL,
        type TEXT NOT NULL,
        events INTEGER NOT NULL,
        late INTEGER NOT NULL,
        PRIMARY KEY (project, day, source, type)
    ) WITHOUT ROWID;
    INSERT INTO days SELECT project, hour / 24, source, type, sum(events), sum(late)
        FROM hours GROUP BY 1, 2, 3, 4;
    ALTER TABLE archives RENAME TO archives_before;
    CREATE TABLE archives (
        project INTEGER NOT NULL,
        hour INTEGER NOT NULL,
        writer TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        events INTEGER NOT NULL,
        sha256 TEXT,
        PRIMARY KEY (project, hour, writer)
    ) WITHOUT ROWID;
    INSERT INTO archives SELECT project, hour, '', bytes, events, sha256 FROM archives_before;
    DROP TABLE archives_before;
    DROP TABLE taken;
    CREATE TABLE taken (
        entry TEXT PRIMARY KEY,
        source INTEGER NOT NULL,
        events INTEGER NOT NULL,
        at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX taken_unsettled ON taken (source, events) WHERE events > 0;
    """,
    # What people did to letters, until the service's log has it.
    """
    CREATE TABLE acts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        project INTEGER NOT NULL,
        actor INTEGER NOT NULL,
        kind TEXT NOT NULL,
        number INTEGER NOT NULL
    );
    """,
)
