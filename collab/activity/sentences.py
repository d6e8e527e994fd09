"""What happened, in a sentence of plain text: one table for all types of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from ..auth.models import User
from ..core.schemas import MAX_ID
from ..extensions import db

#: Stands for what is unknown or must not be shown.
HIDDEN_TEXT = "…"
SERVICE_NAME = "The service"
UNKNOWN_PERSON = "Somebody"
DELETED_PERSON = "a deleted account"
#: Characters of one word or title; a log may hold what an older version accepted.
MAX_SHOWN_CHARACTERS = 200

Data = Mapping[str, Any]
Names = Mapping[int, str]

#: Which members of an event's data are people.
PERSON_MEMBERS = {"user": "user_id", "assignee": "assignee_id", "owner": "owner_id"}
#: What is shown in quotation marks.
QUOTED_MEMBERS = ("title", "name", "new_name")


def _task_updated(data: Data) -> str:
    changes = data.get("changes")
    changed = changes if isinstance(changes, dict) else {}
    if changed.get("status") == "done":
        return "{actor} finished the task {title}"
    if "status" in changed:
        return "{actor} moved the task {title} to {status}"
    if changed.keys() == {"position"}:
        return "{actor} moved the task {title} on the board"
    return "{actor} changed the task {title}: {changed}"


def _post_created(data: Data) -> str:
    return "{actor} published the post {title}" if data.get("public") else "{actor} drafted {title}"


def _flag_changed(data: Data) -> str:
    if data.get("overridden") is False:
        return "{actor} gave the feature {name} back to its setting"
    if not data.get("enabled"):
        return "{actor} switched the feature {name} off"
    return "{actor} switched the feature {name} on for {percentage} % of the people"


#: Type -> the sentence, or a function that chooses it by the data. No time, and no full stop.
SENTENCES: dict[str, str | Callable[[Data], str]] = {
    "account.registered": "{user} registered as {a_role}",
    "account.updated": "{actor} changed the name of the account to {name}",
    "account.disabled": "{actor} disabled the account of {user}",
    "account.enabled": "{actor} enabled the account of {user} again",
    "account.erased": "An account was erased",
    "account.role_changed": "{actor} made {user} {a_role} of the installation",
    "account.password_changed": "{actor} changed the password",
    "account.totp_enabled": "{user} turned on an authenticator app",
    "account.totp_disabled": "{user} turned the authenticator app off",
    "account.recovery_codes_renewed": "{user} got new recovery codes",
    "account.recovery_code_used": "A recovery code of {user} was used",
    "account.passkey_added": "{user} added the passkey {name}",
    "account.passkey_removed": "{user} removed the passkey {name}",
    "account.passkey_refused": "The passkey {name} of {user} was refused: its count went back",
    "account.second_factors_removed": "{actor} took the second factors from the account of {user}",
    "account.token_created": "{user} made the personal token {name}",
    "account.token_revoked": "The personal token {name} of {user} ended: {reason}",
    "account.identity_linked": "{user} linked {provider} to the account",
    "account.identity_unlinked": "{user} unlinked {provider} from the account",
    "account.email_changed": "{user} changed the e-mail address",
    "account.password_reset_requested": "Somebody asked for a new password of {user}",
    "account.email_verified": "{user} verified their address",
    "session.started": "{user} logged in",
    "session.revoked": "A session of {user} was ended: {reason}",
    "project.created": "{actor} made the project {name}",
    "project.updated": "{actor} changed the project: {changed}",
    "project.deleted": "{actor} deleted the project",
    "member.added": "{actor} made {user} {a_role}",
    "member.role_changed": "{actor} made {user} {a_role}",
    "member.removed": "{actor} removed {user}",
    "invitation.created": "{actor} invited somebody as {a_role}",
    "invitation.revoked": "{actor} took an invitation back",
    "invitation.declined": "{actor} declined an invitation",
    "workspace.created": "{actor} made the workspace {name}",
    "workspace.updated": "{actor} changed workspace {workspace_id}: {changed}",
    "workspace.deleted": "{actor} deleted workspace {workspace_id}",
    "source.created": "{actor} made the source of events {name}",
    "source.updated": "{actor} changed the source of events {name}: {changed}",
    "source.key_rotated": "{actor} gave the source of events {name} a new write key",
    "source.key_revoked": "{actor} revoked write keys of the source of events {name}: {keys}",
    "source.deleted": "{actor} deleted the source of events {name}",
    "schema.registered": "{actor} registered a schema for events of the type {event_type}",
    "schema.deleted": "{actor} deleted a schema for events of the type {event_type}",
    "dead_letter.corrected": "{actor} corrected dead letter {letter_id}",
    "dead_letters.replayed": "{actor} sent {count} dead letters again",
    "dead_letters.discarded": "{actor} discarded {count} dead letters",
    "webhook.created": "{actor} made the webhook {name}",
    "webhook.updated": "{actor} changed the webhook {name}: {changed}",
    "webhook.secret_rotated": "{actor} gave the webhook {name} a new secret",
    "webhook.disabled": "The webhook {name} was disabled: {reason}",
    "webhook.redelivered": "{actor} sent {count} deliveries of the webhook {name} again",
    "webhook.deleted": "{actor} deleted the webhook {name}",
    "incoming_hook.created": "{actor} made the incoming hook {name}",
    "incoming_hook.updated": "{actor} changed the incoming hook {name}: {changed}",
    "incoming_hook.rotated": "{actor} gave the incoming hook {name} a new address",
    "incoming_hook.deleted": "{actor} deleted the incoming hook {name}",
    "job.queued": "{actor} queued job {job_id} ({job_type}, {reason})",
    "job.started": "Attempt {attempt} at job {job_id} began",
    "job.progressed": "Job {job_id} is at {percent} %",
    "job.output": "Job {job_id} wrote to {stream}",
    "job.retry_scheduled": "Attempt {attempt} at job {job_id} failed, and is repeated",
    "job.succeeded": "Job {job_id} succeeded",
    "job.failed": "Job {job_id} failed",
    "job.died": "Job {job_id} failed for the last time, at attempt {attempt}",
    "job.cancel_requested": "{actor} cancelled job {job_id}, which was running",
    "job.cancelled": "Job {job_id} was cancelled",
    "schedule.created": "{actor} made the schedule {name}",
    "schedule.updated": "{actor} changed the schedule {name}: {changed}",
    "schedule.paused": "{actor} paused the schedule {name} ({reason})",
    "schedule.resumed": "{actor} resumed the schedule {name}",
    "schedule.ended": "The schedule {name} ended ({reason})",
    "schedule.deleted": "{actor} deleted the schedule {name}",
    "schedule.run_started": "The schedule {name} made job {job_id}",
    "schedule.run_skipped": "The schedule {name} passed over a time ({reason})",
    "schedule.run_ended": "A run of the schedule {name} {status}",
    "schedule.run_failed": "The schedule {name} failed",
    "schedule.recovered": "The schedule {name} succeeded again",
    "task.created": "{actor} made the task {title}",
    "task.updated": _task_updated,
    "task.assigned": "{actor} assigned the task {title} to {assignee}",
    "task.deleted": "{actor} deleted the task {title}",
    "task.commented": "{actor} commented on the task {title}",
    "task.comment_edited": "{actor} changed a comment on the task {title}",
    "task.comment_deleted": "{actor} deleted a comment on the task {title}",
    "task.reminded": "The task {title} is due soon",
    "file.created": "{actor} made the file {path}",
    "file.moved": "{actor} moved the file {old_path} to {path}",
    "file.replaced": "{actor} replaced the file {path}",
    "file.deleted": "{actor} deleted the file {path}",
    "file.edited": "{actor} edited file {file_id}",
    "post.created": _post_created,
    "post.updated": "{actor} changed the post {title}: {changed}",
    "post.published": "{actor} published the post {title}",
    "post.unpublished": "{actor} made the post {title} a draft again",
    "post.deleted": "{actor} deleted the post {title}",
    "collection.created": "{actor} made the collection {name}",
    "collection.updated": "{actor} changed the collection {name}: {changed}",
    "collection.deleted": "{actor} deleted the collection {name}",
    "collection.post_added": "{actor} added post {post_id} to the collection {name}",
    "collection.post_moved": "{actor} moved post {post_id} in the collection {name}",
    "collection.post_removed": "{actor} took post {post_id} out of the collection {name}",
    "notification.created": "{user} was notified ({kind})",
    "notification.read": "{user} read notifications, {unread} are unread",
    "flag.changed": _flag_changed,
    "login.refused": "{actor} failed to log in as {email}: {reason}",
    "access.refused": "{actor} was refused {method} {path} with {status}: {reason}",
    "mail.resent": "{actor} had mail {mail_id} ({kind}) sent again",
    "audit.exported": "{actor} exported the audit as {format}",
}

#: The sentences about one's own account are shorter.
OF_ONESELF = {
    "member.added": "{user} joined as {a_role}",
    "member.removed": "{user} left",
    "task.assigned": "{actor} took on the task {title}",
}

#: A type that members publish themselves.
PUBLISHED_SENTENCE = "{actor} published {type}"

#: Types for which an unknown actor is a person, not the service.
REFUSALS = ("login.refused", "access.refused")


def names_of(rows: Sequence[Any]) -> dict[int, str]:
    """Return the names of all people in some rows, by one query."""
    found = [row.actor for row in rows]
    # The sentence of a member's own event names no people, and its data may be large.
    told = [row.data for row in rows if row.type in SENTENCES]
    found += [data.get(member) for data in told for member in PERSON_MEMBERS.values()]
    people = {one for one in found if type(one) is int and 0 < one <= MAX_ID}
    if not people:
        return {}
    query = select(User.id, User.name).where(User.id.in_(people))
    return {row.id: row.name for row in db.session.execute(query)}


def sentence(kind: str, actor: int | None, data: Data, names: Names) -> str:
    """Say what happened; an ellipsis stands for what the data lacks."""
    template = SENTENCES.get(kind, PUBLISHED_SENTENCE)
    if callable(template):
        template = template(data)
    if kind in OF_ONESELF and actor is not None and actor in (data.get(one) for one in PERSON_IDS):
        template = OF_ONESELF[kind]
    text = template.format_map(_Words(kind, actor, data, names))
    return text[0].upper() + text[1:] if text.startswith(DELETED_PERSON) else text


PERSON_IDS = ("user_id", "assignee_id")


class _Words(dict[str, str]):
    """What a template's placeholders stand for."""

    def __init__(self, kind: str, actor: int | None, data: Data, names: Names) -> None:
        nobody = UNKNOWN_PERSON if kind in REFUSALS else SERVICE_NAME
        super().__init__(
            type=kind, actor=nobody if actor is None else names.get(actor, DELETED_PERSON)
        )
        self._data, self._names = data, names

    def __missing__(self, key: str) -> str:
        if key in PERSON_MEMBERS:
            return self._person(self._data.get(PERSON_MEMBERS[key]))
        if key in DERIVED_WORDS:
            return DERIVED_WORDS[key](self._data)
        word = _word(self._data.get(key))
        return f"“{word}”" if key in QUOTED_MEMBERS else word

    def _person(self, key: Any) -> str:
        return self._names.get(key, DELETED_PERSON) if type(key) is int else UNKNOWN_PERSON.lower()


def _word(value: Any) -> str:
    """Return a value as one line."""
    if type(value) not in (str, int, float):
        return HIDDEN_TEXT
    return " ".join(str(value).split())[:MAX_SHOWN_CHARACTERS] or HIDDEN_TEXT


def _a_role(data: Data) -> str:
    role = _word(data.get("role"))
    return role if role == HIDDEN_TEXT else f"{'an' if role[0] in 'aeio' else 'a'} {role}"


def _changed(data: Data) -> str:
    """Name the fields that changed, as the events of each family write them."""
    changed = data.get("changed", data.get("changes"))
    if not isinstance(changed, (list, dict)):
        return HIDDEN_TEXT
    return ", ".join(_word(one).replace("_", " ") for one in changed) or "nothing"


def _status(data: Data) -> str:
    changes = data.get("changes")
    return _word(changes.get("status") if isinstance(changes, dict) else data.get("status"))


def _percent(data: Data) -> str:
    progress = data.get("progress")
    return str(round(progress * 100)) if isinstance(progress, (int, float)) else HIDDEN_TEXT


#: Words that are derived from the data.
DERIVED_WORDS: dict[str, Callable[[Data], str]] = {
    "a_role": _a_role,
    "changed": _changed,
    "status": _status,
    "percent": _percent,
}
