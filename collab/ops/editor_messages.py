"""What editors with Yjs say over their own doors, in bytes: the messages and addresses of each."""

from __future__ import annotations

from ..realtime.json_door.described import Json

#: What a message begins with: numbers and bytes in lib0's encoding.
BYTES: Json = {"type": "string", "format": "binary"}

#: y-protocols: https://github.com/yjs/y-protocols/blob/master/PROTOCOL.md
YJS: dict[str, str] = {
    "yjsSync": "0: what I have (0), all that you lack (1), what is new (2), of the document.",
    "yjsAwareness": "1: what editors say about themselves; up to 64 KiB each are relayed.",
    "yjsAuth": "2: from the service, permission denied (0) with the reason; otherwise passed over.",
    "yjsQueryAwareness": "3: asks what all editors say about themselves.",
}
#: What Hocuspocus adds; before each of its messages stands the text's id as a string.
HOCUSPOCUS: dict[str, str] = {
    "hocuspocusAuth": "2: my token (0), then my version; from the service: your token (0), denied "
    "(1) with the reason, open (2) with `read-write` or `readonly`, again when the role changes.",
    "hocuspocusClose": "7: I close this text; from the service: it is closed, with the reason.",
    "hocuspocusSyncStatus": "8: from the service: your change is on disk (1), or refused (0).",
    "hocuspocusPing": "9, without a name: from the service, a sign of life; the answer is 10.",
}

DOORS: dict[str, tuple[str, str, list[str]]] = {
    "yjs": (
        "/api/v1/yjs/{file_id}",
        "A text for y-websocket (1.5 to 3); the shared text is named `content`. Close codes from "
        "4400 to 4499 are final, all others pass: 4501 says to come back with a fresh token. Sign "
        "in with `?token=` or `?ticket=`; `?newlines=lf` has the text's line breaks as LF.",
        list(YJS),
    ),
    "hocuspocus": (
        "/api/v1/hocuspocus/{file_id}",
        "Texts for @hocuspocus/provider (2 to 4), several on one socket; a name that is not an id "
        "means the address's text. Stateless messages are passed over.",
        ["yjsSync", "yjsAwareness", "yjsQueryAwareness", *HOCUSPOCUS],
    ),
}


def messages() -> dict[str, Json]:
    """Return the messages of these doors."""
    return {
        name: {
            "name": name,
            "summary": summary,
            "contentType": "application/octet-stream",
            "payload": BYTES,
        }
        for name, summary in (YJS | HOCUSPOCUS).items()
    }


def channels() -> dict[str, Json]:
    """Return the addresses of these doors."""
    file_id: Json = {"description": "The id of the file."}
    return {
        door: {
            "address": address,
            "description": meaning,
            "parameters": {"file_id": file_id},
            "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        }
        for door, (address, meaning, names) in DOORS.items()
    }


def operations() -> dict[str, Json]:
    """Return who says what: both sides the same, in what is theirs."""
    both = (("hear", "receive"), ("say", "send"))
    return {
        f"{verb}{door.capitalize()}": {
            "action": action,
            "channel": {"$ref": f"#/channels/{door}"},
            "messages": [{"$ref": f"#/channels/{door}/messages/{name}"} for name in names],
        }
        for door, (_, _, names) in DOORS.items()
        for verb, action in both
    }
