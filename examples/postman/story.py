"""The collection's requests in their order: one story, in which each needs what came before.

Alice has a project, Bob works in it, Dora is invited. Every operation of the API is in it at least
once (a test compares). What is left out here comes from the OpenAPI document: title, description,
the example of a body.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

FUTURE = "2031-01-31T09:00:00Z"
#: A folder of the collection: its name, and its steps.
Folder = tuple[str, list["Step"]]


@dataclass(frozen=True)
class Step:
    """A request: `method` and `path` name the operation, as the OpenAPI document has them.

    `keep` are variables to set from members of the answer ("a.b" goes down, "0" into a list);
    `ids` are variables for parameters of the path that are not called as the parameter. A step
    with `until` is sent again until that member of the answer has one of the values.
    """

    method: str
    path: str
    body: Any = None
    by: str | None = "alice"
    name: str | None = None
    keep: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    file: str | None = None
    status: tuple[int, ...] = ()
    until: tuple[str, tuple[str, ...]] | None = None
    in_app_only: bool = False


def account(who: str) -> dict[str, str]:
    """Return what registers somebody; the addresses are the environment's."""
    return {
        "email": f"{{{{{who}_email}}}}",
        "password": "{{password}}",
        "name": who.capitalize(),
    }


def log_in(who: str, name: str | None = None, keep: str | None = None) -> Step:
    """Return the step that logs somebody in and keeps their tokens."""
    body = {"email": f"{{{{{who}_email}}}}", "password": "{{password}}"}
    tokens = {
        f"{keep or who}_token": "access_token",
        f"{keep or who}_refresh_token": "refresh_token",
        f"{who}_id": "user.id",
    }
    return Step("POST", "/auth/login", body, None, name or f"Log in as {who.capitalize()}", tokens)


#: An account may be there from the time before: then 409, and the log-in that follows is the proof.
REGISTERED = (201, 409)
#: Links are in mails alone, so the collection has none that is good.
SPENT = (410,)

#: Without settings nobody signs in elsewhere; with them, the way goes through a browser.
NOT_SET_UP = (200, 302, 400, 501)
NOT_BEGUN = (400,)
#: A password that is wrong.
NOT_PROVED = (401,)
NOT_LINKED = (204, 404)

ACCOUNTS: Folder = (
    "Accounts",
    [
        Step("POST", "/auth/register", account("alice"), None, "Register Alice", status=REGISTERED),
        log_in("alice"),
        Step("POST", "/auth/signup", account("bob"), None, "Register Bob", status=REGISTERED),
        log_in("bob"),
        Step("GET", "/auth/demo", by=None),
        Step(
            "POST",
            "/auth/refresh",
            {"refresh_token": "{{alice_refresh_token}}"},
            None,
            keep={"alice_token": "access_token", "alice_refresh_token": "refresh_token"},
        ),
        Step("GET", "/auth/me"),
        Step("PATCH", "/auth/me", {"name": "Alice"}),
        Step("GET", "/auth/verify"),
        Step(
            "POST",
            "/auth/email",
            {"email": "another-{{alice_email}}", "password": "{{password}}"},
            status=(202, 429),
        ),
        Step("POST", "/auth/email/confirm", {"token": "a-token-of-nobody"}, status=(410,)),
        Step("POST", "/auth/verification", status=(202, 409, 429)),
        Step(
            "POST",
            "/auth/verification/confirm",
            {"token": "what-the-link-ends-with"},
            None,
            "Verify an address, by no link that was sent",
            status=SPENT,
        ),
        Step("POST", "/auth/password/forgot", {"email": "{{bob_email}}"}, None, status=(202, 429)),
        Step(
            "POST",
            "/auth/password/reset",
            {"token": "what-the-link-ends-with", "new_password": "{{other_password}}"},
            None,
            "Choose a new password, by no link that was sent",
            status=SPENT,
        ),
        Step("GET", "/auth/me/usage"),
        Step("POST", "/auth/me/export", keep={"export_job_id": "id"}),
        Step(
            "GET",
            "/jobs/{job_id}",
            name="Wait until the export is made",
            ids={"job_id": "export_job_id"},
            until=("status", ("succeeded",)),
        ),
        Step("POST", "/auth/me/export/download", {"password": "{{password}}"}),
        Step("DELETE", "/auth/me", {"password": "not the password"}, status=NOT_PROVED),
        log_in("bob", "Log in as Bob once more, in a second session", "second"),
        Step("GET", "/auth/sessions", by="second", keep={"session_id": "items.0.id"}),
        Step("DELETE", "/auth/sessions/{session_id}", by="bob"),
        log_in("bob", "Log in as Bob in another session", "second"),
        Step("POST", "/auth/logout", by="second"),
        log_in("bob", "Log in as Bob to change the password", "second"),
        Step(
            "POST",
            "/auth/password",
            {"current_password": "{{password}}", "new_password": "{{other_password}}"},
            by="second",
        ),
        Step(
            "POST",
            "/auth/password",
            {"current_password": "{{other_password}}", "new_password": "{{password}}"},
            by="second",
            name="Change the password back",
        ),
        Step("POST", "/auth/logout-all", by="second"),
        log_in("bob", "Log in as Bob again"),
        Step("POST", "/auth/ticket"),
        Step("GET", "/auth/providers", by=None),
        Step("GET", "/auth/{provider}", by=None, status=NOT_SET_UP),
        Step("GET", "/auth/{provider}/callback", by=None, status=NOT_SET_UP),
        Step("POST", "/auth/login/provider", {"proof": "of nobody"}, by=None, status=NOT_BEGUN),
        Step("POST", "/auth/{provider}/link", {"password": "{{password}}"}, status=NOT_SET_UP),
        Step("GET", "/auth/me/identities"),
        Step("POST", "/auth/me/identities", {"proof": "of nobody"}, status=NOT_BEGUN),
        Step(
            "DELETE",
            "/auth/me/identities/{identity_id}",
            ids={"identity_id": "1"},
            status=NOT_LINKED,
        ),
        Step("PUT", "/auth/me/blocks/{user_id}", ids={"user_id": "bob_id"}),
        Step("GET", "/auth/me/blocks"),
        Step("DELETE", "/auth/me/blocks/{user_id}", ids={"user_id": "bob_id"}),
    ],
)

PROJECTS: Folder = (
    "Projects and members",
    [
        Step("POST", "/projects", {"name": "Apollo"}, keep={"project_id": "id"}),
        Step("GET", "/projects"),
        Step("GET", "/projects/{project_id}"),
        Step("PUT", "/projects/{project_id}", {"name": "Apollo", "description": "To the moon"}),
        Step("PATCH", "/projects/{project_id}", {"description": "To the moon and back"}),
        Step("POST", "/projects/{project_id}/members", {"email": "{{bob_email}}"}),
        Step("GET", "/projects/{project_id}/members"),
        Step("GET", "/projects/{project_id}/members/{user_id}", ids={"user_id": "bob_id"}),
        Step(
            "PATCH",
            "/projects/{project_id}/members/{user_id}",
            {"role": "viewer"},
            ids={"user_id": "bob_id"},
        ),
        Step(
            "PATCH",
            "/projects/{project_id}/members/{user_id}",
            {"role": "collaborator"},
            ids={"user_id": "bob_id"},
            name="Make Bob a collaborator again",
        ),
        Step(
            "POST",
            "/projects/{project_id}/members",
            {"email": "{{dora_email}}", "role": "viewer"},
            name="Invite Dora, who has no account yet",
            keep={"invitation_id": "invitation_id"},
        ),
        Step("GET", "/projects/{project_id}/invitations"),
        Step("POST", "/projects/{project_id}/invitations/{invitation_id}/resend"),
        Step(
            "POST",
            "/invitations/accept",
            {"token": "what-the-link-ends-with"},
            name="Accept an invitation, by no link that was sent",
            status=SPENT,
        ),
        Step("DELETE", "/projects/{project_id}/invitations/{invitation_id}"),
        Step(
            "POST",
            "/projects/{project_id}/members",
            {"email": "{{dora_email}}", "role": "viewer"},
            name="Invite Dora again",
        ),
        Step("POST", "/auth/register", account("dora"), None, "Register Dora"),
        log_in("dora"),
        Step("GET", "/invitations", by="dora", keep={"invitation_id": "items.0.id"}),
        Step("POST", "/invitations/{invitation_id}/decline", by="dora"),
        Step("GET", "/projects/{project_id}/usage"),
    ],
)

WORKSPACES: Folder = (
    "Workspaces and files",
    [
        Step(
            "POST",
            "/projects/{project_id}/workspaces",
            {"name": "Engines"},
            keep={"workspace_id": "id"},
        ),
        Step(
            "POST",
            "/workspaces",
            {"name": "Landing", "project_id": "{{project_id}}"},
            keep={"other_workspace_id": "id"},
        ),
        Step("GET", "/projects/{project_id}/workspaces"),
        Step("GET", "/workspaces"),
        Step("GET", "/workspaces/{workspace_id}"),
        Step("PUT", "/workspaces/{workspace_id}", {"name": "Engines", "settings": {"tabs": 4}}),
        Step("PATCH", "/workspaces/{workspace_id}", {"settings": {"tabs": 2}}),
        Step(
            "POST",
            "/workspaces/{workspace_id}/files",
            {"path": "src/main.py", "content": "print('Hello')\n"},
            keep={"file_id": "id"},
        ),
        Step(
            "POST",
            "/workspaces/{workspace_id}/files",
            name="Upload a picture",
            query={"path": "pictures/moon.png"},
            file="moon.png",
            keep={"picture_id": "id"},
        ),
        Step("GET", "/workspaces/{workspace_id}/files"),
        Step("GET", "/workspaces/{workspace_id}/tree"),
        Step("GET", "/files/{file_id}"),
        Step("PATCH", "/files/{file_id}", {"path": "src/hello.py"}),
        Step(
            "POST",
            "/workspaces/{workspace_id}/files/move",
            {"from": "src", "to": "source"},
        ),
        Step("GET", "/files/{file_id}/content"),
        Step(
            "PUT",
            "/files/{file_id}/content",
            "print('Hello, world')\n",
            headers={"Content-Type": "application/octet-stream"},
        ),
        Step(
            "PATCH",
            "/files/{file_id}/content",
            {"base_version": 2, "edits": [{"insert": "# Greets.\n"}]},
            by="bob",
            name="Edit the text as Bob",
        ),
        Step("GET", "/files/{file_id}/history"),
        Step("GET", "/files/{file_id}/versions/{version}", ids={"version": "1"}),
        Step("GET", "/files/{file_id}/diff", query={"from": "1", "to": "3"}),
        Step(
            "POST",
            "/files/{file_id}/undo",
            {"author_id": "{{bob_id}}", "from_version": 3},
        ),
        Step("POST", "/files/{file_id}/restore", {"version": 1}),
        Step("POST", "/files/{file_id}/run", {}, keep={"job_id": "id"}, status=(201, 503)),
        Step(
            "POST",
            "/files/{file_id}/thumbnail",
            {"width": 64, "height": 64},
            ids={"file_id": "picture_id"},
        ),
        Step("GET", "/workspaces/{workspace_id}/archive"),
        Step(
            "POST",
            "/workspaces/{workspace_id}/archive",
            ids={"workspace_id": "other_workspace_id"},
            file="site.zip",
        ),
    ],
)

TASKS: Folder = (
    "Tasks and comments",
    [
        Step(
            "POST",
            "/projects/{project_id}/tasks",
            {
                "title": "Test the engine",
                "priority": "high",
                "assignee_id": "{{bob_id}}",
                "due_at": FUTURE,
                "tags": ["engine"],
            },
            keep={"task_id": "id"},
        ),
        Step(
            "POST",
            "/tasks",
            {"title": "Choose a landing site", "project_id": "{{project_id}}"},
            by="bob",
            keep={"other_task_id": "id"},
        ),
        Step("GET", "/projects/{project_id}/tasks", query={"status": "todo", "sort": "-due_at"}),
        Step("GET", "/tasks", query={"assignee": "me"}, by="bob"),
        Step("GET", "/tasks/{task_id}", keep={"task_etag": "ETag"}),
        Step(
            "PUT",
            "/tasks/{task_id}",
            {"title": "Test the engine twice", "assignee_id": "{{alice_id}}"},
            by="bob",
            headers={"If-Match": "{{task_etag}}"},
        ),
        Step("PATCH", "/tasks/{task_id}", {"status": "doing"}),
        Step("POST", "/tasks/{task_id}/move", {"status": "blocked"}),
        Step(
            "POST", "/tasks/bulk", {"ids": ["{{task_id}}", "{{other_task_id}}"], "status": "done"}
        ),
        Step(
            "POST",
            "/tasks/{task_id}/comments",
            {"body": "@Alice it works."},
            by="bob",
            keep={"comment_id": "id"},
        ),
        Step("GET", "/tasks/{task_id}/comments"),
        Step("GET", "/tasks/{task_id}/comments/{comment_id}"),
        Step(
            "PATCH",
            "/tasks/{task_id}/comments/{comment_id}",
            {"body": "@Alice it works at last."},
            by="bob",
        ),
    ],
)

POSTS: Folder = (
    "Posts and collections",
    [
        Step(
            "POST",
            "/posts",
            {"title": "First light", "body": "The engine **runs**.", "status": "published"},
            keep={"post_id": "id"},
        ),
        Step("GET", "/posts", by=None),
        Step("GET", "/posts/{post_id}", by=None),
        Step(
            "PUT",
            "/posts/{post_id}",
            {"title": "First light", "body": "The engine runs.", "status": "published"},
        ),
        Step("PATCH", "/posts/{post_id}", {"title": "First light at last"}),
        Step("POST", "/collections", {"name": "Milestones"}, keep={"collection_id": "id"}),
        Step("GET", "/collections"),
        Step("GET", "/collections/{collection_id}"),
        Step("PUT", "/collections/{collection_id}", {"name": "Milestones", "description": "All"}),
        Step("PATCH", "/collections/{collection_id}", {"description": "All of them"}),
        Step("POST", "/collections/{collection_id}/add_post", {"post_id": "{{post_id}}"}),
        Step("GET", "/collections/{collection_id}/posts"),
        Step("POST", "/collections/{collection_id}/remove_post", {"post_id": "{{post_id}}"}),
        Step("PUT", "/collections/{collection_id}/posts/{post_id}", {}),
        Step("DELETE", "/collections/{collection_id}/posts/{post_id}"),
    ],
)

#: As a program sends it, which is no person.
WITH_KEY = {"X-Write-Key": "{{write_key}}"}
VISIT = {"userId": "user123", "anonymousId": "a1"}


def _read(what: str, **query: str) -> Step:
    """Return the step that reads something of the stored events."""
    return Step("GET", f"/ingest/{what}", query={"project_id": "{{project_id}}"} | query)


def message(kind: str, **members: Any) -> Step:
    """Return the step that sends a message as Segment's libraries do."""
    return Step("POST", f"/v1/{kind}", VISIT | members, None, headers=WITH_KEY)


EVENTS: Folder = (
    "Events of other systems",
    [
        Step(
            "POST",
            "/ingest/sources",
            {"project_id": "{{project_id}}", "name": "Web site"},
            keep={"source_id": "id", "write_key": "write_key"},
        ),
        Step("GET", "/ingest/sources", query={"project_id": "{{project_id}}"}),
        Step("GET", "/ingest/sources/{source_id}"),
        Step(
            "PATCH",
            "/ingest/sources/{source_id}",
            {"rules": [{"op": "derive", "to": "data.day", "from": "data.at", "as": "date"}]},
        ),
        Step(
            "POST",
            "/ingest/sources/{source_id}/rotate",
            {"overlap_seconds": 60},
            keep={"write_key": "write_key"},
        ),
        Step(
            "POST",
            "/ingest/schemas",
            {
                "project_id": "{{project_id}}",
                "event_type": "user_action",
                "schema": {"type": "object", "required": ["action"]},
            },
            keep={"schema_id": "id"},
        ),
        Step("GET", "/ingest/schemas", query={"project_id": "{{project_id}}"}),
        Step("GET", "/ingest/schemas/{schema_id}"),
        Step(
            "POST",
            "/ingest",
            [
                {"event_type": "user_action", "user_id": "user123", "data": {"action": "click"}},
                {"event_type": "user_action", "user_id": "user123", "data": {"action": "buy"}},
                {"user_id": "user123", "data": {"action": "this one has no type"}},
            ],
            None,
            headers=WITH_KEY,
        ),
        Step(
            "POST",
            "/v1/batch",
            {"batch": [VISIT | {"type": "track", "event": "Order Placed", "messageId": "m1"}]},
            None,
            headers=WITH_KEY,
        ),
        message("track", event="Order Placed", properties={"order": 17}),
        message("identify", traits={"plan": "free"}),
        message("page", name="Home", properties={"url": "https://example.com/"}),
        message("screen", name="Home"),
        message("group", groupId="g1"),
        message("alias", previousId="a1"),
        Step(
            "GET",
            "/ingest/dead-letters",
            query={"project_id": "{{project_id}}", "state": "open"},
            keep={"letter_id": "items.0.id"},
            until=("items.0.state", ("open",)),
        ),
        Step("GET", "/ingest/dead-letters/{letter_id}"),
        Step(
            "PATCH",
            "/ingest/dead-letters/{letter_id}",
            {"correction": {"event_type": "user_action", "data": {"action": "mended"}}},
        ),
        Step(
            "POST",
            "/ingest/dead-letters/replay",
            {"project_id": "{{project_id}}", "filter": {}, "dry_run": True},
            name="Say what sending all letters again would do",
        ),
        Step(
            "POST",
            "/ingest/dead-letters/replay",
            {"project_id": "{{project_id}}", "filter": {}},
        ),
        Step(
            "POST",
            "/ingest/dead-letters/discard",
            {"project_id": "{{project_id}}", "filter": {"stage": "validate"}},
        ),
        _read("events", type="user_action"),
        _read("stats", bucket="minute", group_by="type"),
        _read("latency"),
        _read("sessions"),
        _read("funnel", steps="user_action,Order Placed", window="1h"),
        _read("retention", unit="day"),
        _read("health"),
        Step("GET", "/metrics", by=None),
    ],
)

JOBS: Folder = (
    "Uploads and jobs",
    [
        Step(
            "POST",
            "/uploads",
            query={"name": "moon.png"},
            file="moon.png",
            keep={"upload_id": "id"},
        ),
        Step("GET", "/uploads"),
        Step("GET", "/uploads/{upload_id}"),
        Step("GET", "/uploads/{upload_id}/content"),
        Step("GET", "/jobs/types"),
        Step(
            "POST",
            "/jobs",
            {"type": "report", "project_id": "{{project_id}}", "payload": {"days": 30}},
            keep={"job_id": "id"},
        ),
        Step(
            "GET",
            "/jobs/{job_id}",
            name="Wait until the job has succeeded",
            until=("status", ("succeeded",)),
        ),
        Step("GET", "/jobs/{job_id}/output"),
        Step("GET", "/jobs/{job_id}/log"),
        Step("GET", "/jobs/{job_id}/attempts"),
        Step("GET", "/jobs"),
        Step(
            "POST",
            "/jobs",
            {"type": "report", "project_id": "{{project_id}}", "payload": {}, "run_at": FUTURE},
            name="Submit a job for later",
            keep={"later_id": "id"},
        ),
        Step("POST", "/jobs/{job_id}/cancel", ids={"job_id": "later_id"}),
        Step("POST", "/jobs/{job_id}/retry", ids={"job_id": "later_id"}),
        Step(
            "GET",
            "/schedules/preview",
            query={"cron": "30 8 * * 1-5", "time_zone": "Europe/Paris"},
        ),
        Step(
            "POST",
            "/schedules",
            {
                "name": "Weekly report",
                "type": "report",
                "project_id": "{{project_id}}",
                "cron": "@weekly",
                "time_zone": "Europe/Paris",
            },
            keep={"schedule_id": "id"},
        ),
        Step("GET", "/schedules"),
        Step("GET", "/schedules/{schedule_id}"),
        Step("PATCH", "/schedules/{schedule_id}", {"overlap": "queue"}),
        Step("POST", "/schedules/{schedule_id}/run"),
        Step("GET", "/schedules/{schedule_id}/runs"),
        Step("POST", "/schedules/{schedule_id}/pause"),
        Step("POST", "/schedules/{schedule_id}/resume"),
        Step("DELETE", "/schedules/{schedule_id}"),
    ],
)

LIVE: Folder = (
    "Events, presence and what happened",
    [
        Step(
            "POST",
            "/events",
            {"type": "rocket.launched", "project_id": "{{project_id}}", "payload": {"crew": 3}},
            keep={"event_id": "id"},
        ),
        Step("GET", "/events", query={"project_id": "{{project_id}}", "after": "0"}),
        Step(
            "GET",
            "/events/stream",
            query={"project_id": "{{project_id}}"},
            name="Follow the project (in the app: it does not end)",
            in_app_only=True,
        ),
        Step("GET", "/presence", query={"project_id": "{{project_id}}"}),
        Step("GET", "/activity"),
        Step("GET", "/projects/{project_id}/activity"),
        Step("GET", "/users/{user_id}/activity", ids={"user_id": "bob_id"}),
        Step(
            "GET",
            "/notifications",
            name="Wait until Alice has been told",
            until=("items.0.kind", ("mentioned", "assigned", "job_finished", "commented")),
            keep={"notification_id": "items.0.id"},
        ),
        Step("GET", "/notifications/unread"),
        Step("GET", "/notifications/{notification_id}"),
        Step("PATCH", "/notifications/{notification_id}", {"read": True}),
        Step("POST", "/notifications/read", {"all": True}),
        Step("DELETE", "/notifications/{notification_id}"),
        Step("GET", "/notifications/digest", keep={"unsubscribe_token": "every"}),
        Step("PUT", "/notifications/digest", {"every": "weekly", "zone": "Europe/Berlin"}),
        Step("PUT", "/notifications/digest", {"every": "off"}, name="Get no digests"),
        Step("POST", "/mail/unsubscribe/{token}", by=None, ids={"token": "unsubscribe_token"}),
        Step("GET", "/notifications/preferences"),
        Step("PUT", "/notifications/preferences", {"due_soon": False}),
        Step("PATCH", "/notifications/preferences", {"due_soon": True}),
        Step("GET", "/search", query={"q": "engine"}),
    ],
)

PASSWORD = {"password": "{{password}}"}
#: No collection has a device: what it would sign is refused, and its keys are not there.
REFUSED = (401,)
NOT_THERE = (404,)
NO_KEY = {"passkey_id": "alice_id"}

SECURITY: Folder = (
    "Second factors and personal tokens",
    [
        Step("GET", "/auth/second-factor"),
        Step("POST", "/auth/totp", PASSWORD),
        Step("POST", "/auth/totp/confirm", {"code": "no code"}, status=REFUSED),
        Step("POST", "/auth/totp/disable", PASSWORD, status=NOT_THERE),
        Step("POST", "/auth/recovery-codes", PASSWORD, status=(409,)),
        Step(
            "POST",
            "/auth/login/second-factor",
            {"proof": "none", "code": "123456"},
            None,
            status=REFUSED,
        ),
        Step("POST", "/auth/login/passkey/options", by=None, status=(200, 409)),
        Step("POST", "/auth/login/passkey", {"credential": {}}, None, status=REFUSED),
        Step("POST", "/auth/passkeys/options", PASSWORD, status=(200, 409)),
        Step("POST", "/auth/passkeys", {"name": "Laptop", "credential": {}}, status=REFUSED),
        Step("GET", "/auth/passkeys"),
        Step("GET", "/auth/passkeys/{passkey_id}", ids=NO_KEY, status=NOT_THERE),
        Step("PATCH", "/auth/passkeys/{passkey_id}", {"name": "A"}, ids=NO_KEY, status=NOT_THERE),
        Step("POST", "/auth/passkeys/{passkey_id}/remove", PASSWORD, ids=NO_KEY, status=NOT_THERE),
        Step("GET", "/auth/tokens/scopes"),
        Step(
            "POST",
            "/auth/tokens",
            PASSWORD | {"name": "Nightly export", "scopes": ["projects:read"]},
            keep={"token_id": "id", "script_token": "token"},
        ),
        Step("GET", "/projects", by="script", name="List projects by the personal token"),
        Step("GET", "/auth/tokens"),
        Step("DELETE", "/auth/tokens/{token_id}"),
        Step(
            "POST",
            "/auth/tokens",
            PASSWORD | {"name": "Another", "scopes": ["projects:read"]},
            by="bob",
            name="Make a token of Bob's",
            keep={"token_id": "id"},
        ),
        Step("GET", "/users/{user_id}/tokens", ids={"user_id": "bob_id"}),
        Step("DELETE", "/users/{user_id}/tokens/{token_id}", ids={"user_id": "bob_id"}),
        Step("POST", "/users/{user_id}/second-factor/reset", ids={"user_id": "bob_id"}),
    ],
)

ADMIN: Folder = (
    "Administration (Alice has the first account)",
    [
        Step("GET", "/users"),
        Step("GET", "/users/{user_id}", ids={"user_id": "bob_id"}),
        Step("PATCH", "/users/{user_id}", {"disabled": False}, ids={"user_id": "bob_id"}),
        Step(
            "DELETE",
            "/users/{user_id}",
            {"password": "not the password"},
            ids={"user_id": "bob_id"},
            status=NOT_PROVED,
        ),
        Step("GET", "/installation"),
        Step("GET", "/usage"),
        Step("GET", "/users/{user_id}/usage", ids={"user_id": "bob_id"}),
        Step(
            "GET",
            "/sessions",
            query={"user_id": "{{bob_id}}"},
            keep={"bobs_session_id": "items.0.id"},
        ),
        Step("DELETE", "/sessions/{session_id}", ids={"session_id": "bobs_session_id"}),
        Step("DELETE", "/users/{user_id}/sessions", ids={"user_id": "bob_id"}),
        log_in("bob"),
        Step("GET", "/mails", keep={"mail_id": "items.0.id"}),
        Step("GET", "/mails/{mail_id}"),
        # What has been sent has no words any more.
        Step("POST", "/mails/{mail_id}/resend", status=(202, 409)),
        Step("GET", "/ingest/dead-letters/projects"),
        Step("GET", "/audit"),
        Step("GET", "/audit/export", query={"format": "csv"}),
        Step("GET", "/flags"),
        Step("PUT", "/flags/{name}", {"enabled": True, "percentage": 50}, ids={"name": "search"}),
        Step("PATCH", "/flags/{name}", {"percentage": 100}, ids={"name": "search"}),
        Step("GET", "/flags/{name}", ids={"name": "search"}),
        Step("DELETE", "/flags/{name}", ids={"name": "search"}),
        Step("GET", "/health", by=None),
        Step("GET", "/ready", by=None),
        Step("GET", "/", by=None, headers={"Accept": "application/json"}),
    ],
)

WEBHOOKS: Folder = (
    "Webhooks",
    [
        Step(
            "POST",
            "/projects/{project_id}/webhooks",
            {"name": "CI", "url": "https://ci.example.com/hooks/collab", "types": ["task.*"]},
            keep={"webhook_id": "id"},
        ),
        Step("GET", "/projects/{project_id}/webhooks"),
        Step("GET", "/webhooks", name="List everybody's (Alice has the first account)"),
        Step("GET", "/webhooks/{webhook_id}"),
        Step("POST", "/webhooks/{webhook_id}/ping", keep={"delivery_id": "id"}),
        Step("GET", "/webhooks/{webhook_id}/deliveries"),
        Step("GET", "/webhooks/{webhook_id}/deliveries/{delivery_id}"),
        # A ping is sent once.
        Step("POST", "/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver", status=(409,)),
        Step("POST", "/webhooks/{webhook_id}/redeliver"),
        Step("POST", "/webhooks/{webhook_id}/rotate"),
        Step("PATCH", "/webhooks/{webhook_id}", {"state": "paused"}),
        Step("DELETE", "/webhooks/{webhook_id}"),
        Step(
            "POST",
            "/projects/{project_id}/incoming-hooks",
            {"name": "Build server", "event_type": "ci.build"},
            keep={"hook_id": "id"},
        ),
        Step("GET", "/projects/{project_id}/incoming-hooks"),
        Step("GET", "/incoming-hooks/{hook_id}"),
        Step("PATCH", "/incoming-hooks/{hook_id}", {"name": "CI"}),
        Step("POST", "/incoming-hooks/{hook_id}/rotate", keep={"hook_token": "token"}),
        Step(
            "POST",
            "/hooks/{token}",
            {"branch": "main"},
            None,
            ids={"token": "hook_token"},
        ),
        Step("DELETE", "/incoming-hooks/{hook_id}"),
    ],
)

CLEANING: Folder = (
    "Cleaning up",
    [
        Step("DELETE", "/tasks/{task_id}/comments/{comment_id}", by="bob"),
        Step("DELETE", "/tasks/{task_id}"),
        Step("DELETE", "/files/{file_id}"),
        Step("DELETE", "/workspaces/{workspace_id}"),
        Step("DELETE", "/uploads/{upload_id}"),
        Step("DELETE", "/ingest/schemas/{schema_id}"),
        Step("POST", "/ingest/sources/{source_id}/revoke", {"keys": "all"}),
        Step("DELETE", "/ingest/sources/{source_id}"),
        Step("DELETE", "/posts/{post_id}"),
        Step("DELETE", "/collections/{collection_id}"),
        Step(
            "POST",
            "/projects/{project_id}/members",
            {"email": "{{eve_email}}"},
            name="Invite Eve",
        ),
        Step("POST", "/auth/register", account("eve"), None, "Register Eve"),
        log_in("eve"),
        Step("GET", "/invitations", by="eve", keep={"invitation_id": "items.0.id"}),
        Step("POST", "/invitations/{invitation_id}/accept", by="eve"),
        Step("DELETE", "/projects/{project_id}/members/{user_id}", ids={"user_id": "eve_id"}),
        Step("DELETE", "/projects/{project_id}"),
    ],
)

STORY = [
    *(ACCOUNTS, PROJECTS, WORKSPACES, TASKS, POSTS, JOBS, EVENTS, LIVE, WEBHOOKS),
    *(SECURITY, ADMIN, CLEANING),
]
