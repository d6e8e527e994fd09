"""Who owns each row and how many bytes it takes: one table, from which triggers are made.

Whatever a person makes counts for them, and whatever is in a project counts for the project as
well. A new table that keeps what people send needs a line here; a test finds those without one.
"""

from __future__ import annotations

from ...frozen import frozen

#: Bytes that a row takes besides its texts: its keys, numbers, times and index entries.
#: A round number: it keeps a flood of empty rows from being free, and need not be exact.
ROW_BYTES = 200


@frozen
class Counted:
    """How the rows of a table are counted.

    `{row}` in an expression stands for the row; each kind of database has a `byte_length`.
    """

    table: str
    kind: str
    #: The columns that change what is counted.
    columns: tuple[str, ...]
    bytes: str
    person: str | None = None
    project: str | None = None
    #: Where rows belong that don't name their owner: a place, and the id there.
    place: tuple[str, str] | None = None
    #: Whether those that change are many at once, whatever changes in them, and few otherwise.
    changed_at_once: bool = False

    @property
    def name(self) -> str:
        """What its triggers are called after."""
        return f"{self.table}_{self.kind}"


@frozen
class Place:
    """Rows that others belong to, and who owns those then."""

    name: str
    table: str
    kind: str
    person: str | None = None
    project: str | None = None


def _texts(*columns: str, row: int = ROW_BYTES) -> str:
    lengths = (f"coalesce(byte_length({{row}}.{name}), 0)" for name in columns)
    return " + ".join((str(row), *lengths))


_OWNER = "{row}.owner_id"
_PROJECT = "{row}.project_id"
_OWNED = ("owner_id", "project_id")
_TOLD_BY_JOB = (
    "CASE WHEN {row}.actor IS NULL AND {row}.topic LIKE 'job:%' "
    "THEN CAST(substr({row}.topic, 5) AS BIGINT) END"
)
_SCOPE = "CASE WHEN {row}.scope LIKE 'user:%' THEN CAST(substr({row}.scope, 6) AS BIGINT) END"

PLACES = (
    Place("job", "jobs", "jobs", "owner_id", "project_id"),
    Place("told", "jobs", "events", "owner_id"),
    Place("schedule", "schedules", "jobs", "owner_id", "project_id"),
    Place("task", "tasks", "comments", None, "project_id"),
    Place("collection", "collections", "posts", "owner_id"),
    Place("file", "files", "history", "author_id", "project_id"),
    Place("webhook", "webhooks", "webhooks", None, "project_id"),
    Place("edited", "files", "history", None, "project_id"),
)

COUNTED_TABLES = (
    # A job's events have no actor; they count to the job's owner as long as the job exists.
    Counted(
        "events",
        "events",
        ("data",),
        _texts("data", "topic", "type"),
        "{row}.actor",
        _PROJECT,
        ("told", _TOLD_BY_JOB),
    ),
    Counted(
        "files",
        "files",
        ("size", "other_bytes", "author_id", "project_id"),
        "{row}.size + {row}.other_bytes",
        "{row}.author_id",
        _PROJECT,
    ),
    Counted(
        "files",
        "history",
        ("path", "searchable", "author_id", "project_id"),
        _texts("path", "searchable"),
        "{row}.author_id",
        _PROJECT,
    ),
    Counted(
        "file_changes",
        "history",
        ("delta", '"update"', "undoes", "author_id"),
        _texts("delta", '"update"', "undoes"),
        "{row}.author_id",
        place=("edited", "{row}.file_id"),
        changed_at_once=True,  # a checkpoint takes the updates out of all before it
    ),
    Counted(
        "file_checkpoints",
        "history",
        ("text", "state"),
        _texts("text", "state"),
        place=("file", "{row}.file_id"),
    ),
    Counted("file_clients", "history", (), str(ROW_BYTES), place=("edited", "{row}.file_id")),
    Counted("uploads", "uploads", ("size", *_OWNED), "{row}.size", _OWNER, _PROJECT),
    Counted(
        "tasks",
        "tasks",
        ("title", "description", "tags", *_OWNED),
        _texts("title", "description", "tags"),
        _OWNER,
        _PROJECT,
    ),
    Counted(
        "task_tags",
        "tasks",
        ("tag", "board", "owner_id"),
        _texts("tag"),
        _OWNER,
        "CASE WHEN {row}.board > 0 THEN {row}.board END",
    ),
    Counted(
        "comments",
        "comments",
        ("body", "author_id"),
        _texts("body"),
        "{row}.author_id",
        place=("task", "{row}.task_id"),
    ),
    Counted("posts", "posts", ("title", "body", "owner_id"), _texts("title", "body"), _OWNER),
    Counted(
        "collections",
        "posts",
        ("name", "description", "owner_id"),
        _texts("name", "description"),
        _OWNER,
    ),
    Counted(
        "collection_posts",
        "posts",
        ("position",),
        _texts("position"),
        place=("collection", "{row}.collection_id"),
    ),
    Counted(
        "jobs", "jobs", ("payload", "error", *_OWNED), _texts("payload", "error"), _OWNER, _PROJECT
    ),
    Counted("job_log", "jobs", ("text",), _texts("text"), place=("job", "{row}.job_id")),
    Counted(
        "job_results",
        "jobs",
        ("data", "body"),
        _texts("data", "body"),
        place=("job", "{row}.job_id"),
    ),
    Counted("job_attempts", "jobs", ("error",), _texts("error"), place=("job", "{row}.job_id")),
    Counted(
        "schedules",
        "jobs",
        ("name", "payload", *_OWNED),
        _texts("name", "cron", "payload"),
        _OWNER,
        _PROJECT,
    ),
    Counted(
        "schedule_runs",
        "jobs",
        ("error",),
        _texts("error"),
        place=("schedule", "{row}.schedule_id"),
    ),
    Counted("job_keys", "jobs", ("key", "owner_id"), _texts("key"), _OWNER),
    Counted("mails", "jobs", ("sealed", "owner_id"), _texts("sealed", "recipient"), _OWNER),
    Counted(
        "projects",
        "workspaces",
        ("name", "description"),
        _texts("name", "description"),
        project="{row}.id",
    ),
    Counted(
        "workspaces",
        "workspaces",
        ("name", "settings", "project_id"),
        _texts("name", "settings"),
        project=_PROJECT,
    ),
    Counted(
        "ingest_sources",
        "ingest",
        ("name", "rules", "project_id"),
        _texts("name", "rules"),
        project=_PROJECT,
    ),
    Counted(
        "ingest_schemas",
        "ingest",
        ("schema", "project_id"),
        _texts("schema", "event_type"),
        project=_PROJECT,
    ),
    Counted(
        "webhooks",
        "webhooks",
        ("name", "url", "types", "sealed_secret", "sealed_previous", "project_id"),
        _texts("name", "url", "types", "sealed_secret", "sealed_previous"),
        project=_PROJECT,
    ),
    Counted(
        "webhook_deliveries", "webhooks", (), str(ROW_BYTES), place=("webhook", "{row}.webhook_id")
    ),
    Counted(
        "incoming_hooks",
        "webhooks",
        ("name", "project_id"),
        _texts("name", "event_type"),
        project=_PROJECT,
    ),
    Counted("members", "members", ("project_id",), _texts("role"), project=_PROJECT),
    Counted(
        "invitations",
        "members",
        ("email", "invited_by", "project_id"),
        _texts("email"),
        "{row}.invited_by",
        _PROJECT,
    ),
    Counted("blocks", "members", ("user_id",), str(ROW_BYTES), "{row}.user_id"),
    Counted(
        "known_networks",
        "sessions",
        ("network", "user_id"),
        _texts("network"),
        "{row}.user_id",
    ),
    Counted("notifications", "notifications", ("data", "user_id"), _texts("data"), "{row}.user_id"),
    Counted(
        "personal_tokens",
        "sessions",
        ("name", "scope", "user_id"),
        _texts("name", "scope"),
        "{row}.user_id",
    ),
    Counted("passkeys", "sessions", ("name", "user_id"), _texts("name"), "{row}.user_id"),
    Counted(
        "sessions", "sessions", ("user_agent", "user_id"), _texts("user_agent"), "{row}.user_id"
    ),
    Counted("idempotency_keys", "answers", ("answer", "scope"), _texts("answer", "key"), _SCOPE),
)

#: Tables whose column `sha256` names bytes on the disk.
WITH_BLOBS = ("files", "uploads")

#: Tables that hold nothing of what people send, or so little that a row each is all there can be.
UNCOUNTED_TABLES = {
    "mail_links": "one for each person and purpose, and for each invitation",
    "reset_requests": "one for each address, looked up within a second",
    "digest_plans": "one for each person, of known words",
    "usage": "the counters themselves",
    "usage_places": "the counters themselves",
    "freed_blobs": "what the housekeeper is about to delete",
    "event_log_state": "one row",
    "log_readers": "a row for each reader that the server has",
    "flag_overrides": "a row for each feature",
    "notification_preferences": "a row for each person, of known words",
    "told_mentions": "a row for each person whom a text mentions: 100 at a time, told once",
    "users": "a row for each person; registering is limited by AUTH_RATE_LIMIT",
    "webhook_attempts": "20 of each delivery, of 1 KiB each, which go with it",
    "incoming_messages": "gone after three days; each came with an event, which is counted",
    "totp": "a row for each person, of the service's own making",
    "recovery_codes": "ten for each person, of the service's own making",
    "spent_proofs": "gone after SECOND_FACTOR_SECONDS; one for each log-in in two steps",
    "identities": "at most 10 of each person",
    "spent_log_ins": "gone within minutes; each took an answer of a provider",
    "erasures": "a row for each erasure that goes on",
    "exports": "one for each person, whose file is theirs by law whatever they keep",
    "former_addresses": "one for each address that was left, by a link mailed to the next one",
    "tickets": "gone after a minute, but for 100 of each session that belong to its streams",
}
