"""What the audit withholds from admins: people's private things.

An admin sees that something happened, when, by whom and from where; for a person's private things,
neither the data nor the title.
"""

from __future__ import annotations

from ..events.topics import READ_ONLY

#: The events sent to one person alone that concern admins: accounts and log-ins, and tasks, since
#: they manage personal ones too.
ADMINS_BUSINESS = ("account", "session", "task")


def withheld(topic: str, kind: str, project_id: int | None) -> bool:
    """Return whether an event's data is withheld from admins.

    | in a project, on an open topic           | shown                         |
    | `user:<id>`: account, session, task      | shown                         |
    | `user:<id>`: drafts, collections,        |                               |
    |   notifications, members' own types      | withheld                      |
    | `job:<id>` of a job in no project        | withheld                      |
    | anything else                            | withheld, until it is decided |
    """
    if project_id is not None or topic in READ_ONLY.here():
        return False
    return not (topic.startswith("user:") and kind.split(".")[0] in ADMINS_BUSINESS)
