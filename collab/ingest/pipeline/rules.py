"""A source's rules that change its events: rename, derive, drop, mask, hash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from .event import MAX_NAME_CHARACTERS, NUL_CHARACTER, Event, moment_of

#: Rules that one source may have.
MAX_RULES = 100
#: Rules among them that derive: each adds to an event.
MAX_DERIVING_RULES = 20
#: Names in a path, and characters of it.
MAX_PATH_NAMES = 8
MAX_PATH_CHARACTERS = 300
#: Characters of a derived text: nothing longer is derived, or rules would multiply an event.
MAX_DERIVED_CHARACTERS = 2000
#: Characters of a masked text that may stay.
MAX_KEPT_CHARACTERS = 20

#: Where a path may begin.
ROOTS = ("data", "metadata", "user_id", "session_id")
NAMES = ("user_id", "session_id")

Hash = Callable[[str], str]
Path = tuple[str, ...]


def _host(text: str) -> str | None:
    try:
        return urlsplit(text).hostname
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    try:
        # A time without a zone is read as UTC: another guess would be as wrong, and differ by
        # server.
        return moment_of(text).astimezone(UTC)
    except (ValueError, OverflowError):  # a few hours before the year 1, or after 9999
        return None


def _date(text: str) -> str | None:
    found = _moment(text)
    return found.date().isoformat() if found else None


def _hour(text: str) -> int | None:
    found = _moment(text)
    return found.hour if found else None


#: What `derive` can make from a text; None: nothing is derived.
DERIVATIONS: dict[str, Callable[[str], Any]] = {
    "host": _host,
    "lower": str.lower,
    "upper": str.upper,
    "date": _date,
    "hour": _hour,
    "length": len,
}


@dataclass(frozen=True)
class Rule:
    """One rule, ready to run; `type` limits it to one type of event."""

    op: str
    path: Path
    to: Path | None = None
    derivation: str | None = None
    keep: int = 0
    type: str | None = None

    def apply(self, event: Event, hashed: Hash) -> None:
        """Change an event; if the path leads to nothing, nothing changes."""
        found = value_at(event, self.path)
        if found is None:
            return
        if self.op == "drop":
            put(event, self.path, None)
        elif self.op == "rename" and self.to:
            # Only once it has a place: a rename that leads nowhere must lose nothing.
            if put(event, self.to, found):
                put(event, self.path, None)
        elif self.op == "derive" and self.to and self.derivation:
            made = derived(self.derivation, found)
            if made is not None:
                put(event, self.to, made)
        elif self.op == "mask":
            put(event, self.path, masked(_words(found), self.keep))
        else:  # to hash: no other operation is compiled
            put(event, self.path, hashed(_words(found)))


def _words(value: object) -> str:
    return value if isinstance(value, str) else str(value)


def derived(derivation: str, value: object) -> Any:
    """Return what is derived from a text or a number, or None; an object or a list is neither.

    An object that was put into itself as text would double with each rule.
    """
    if isinstance(value, dict | list):
        return None
    made = DERIVATIONS[derivation](_words(value))
    return None if isinstance(made, str) and len(made) > MAX_DERIVED_CHARACTERS else made


def masked(text: str, keep: int) -> str:
    """Replace a text except for its last `keep` characters, or at most half of it."""
    # Or a short text would stay as it is, mask or not.
    shown = min(keep, len(text) // 2)
    return "*" * (len(text) - shown) + text[len(text) - shown :]


def value_at(event: Event, path: Path) -> Any:
    """Return what is at a path, or None."""
    found: Any = getattr(event, path[0])
    for name in path[1:]:
        if type(found) is not dict:
            return None
        found = found.get(name)
    return found


def put(event: Event, path: Path, value: Any) -> bool:
    """Put a value at a path, None: remove it; returns whether there was a place for it."""
    if len(path) == 1:
        text = None if value is None else str(value)[:MAX_NAME_CHARACTERS]
        setattr(event, path[0], text and text.replace(NUL_CHARACTER, ""))
        return True
    place: Any = getattr(event, path[0])
    for name in path[1:-1]:
        place = place.setdefault(name, {}) if value is not None else place.get(name)
        # Something else is in the way, which a rule must not silently overwrite.
        if type(place) is not dict:
            return False
    if value is None:
        place.pop(path[-1], None)
    else:
        place[path[-1]] = value
    return True


NEEDED_MEMBERS = {
    "rename": {"from", "to"},
    "derive": {"from", "to", "as"},
    "drop": {"path"},
    "mask": {"path"},
    "hash": {"path"},
}
OPTIONAL_MEMBERS = {"mask": {"keep"}}


def compile_rules(sent: object) -> tuple[Rule, ...]:
    """Make rules from a list as sent; raises ValueError with a sentence about the wrong one."""
    if not isinstance(sent, list) or len(sent) > MAX_RULES:
        raise ValueError(f"Rules are a list of at most {MAX_RULES}.")
    rules = tuple(_compile(number, one) for number, one in enumerate(sent))
    if sum(rule.op == "derive" for rule in rules) > MAX_DERIVING_RULES:
        raise ValueError(f"At most {MAX_DERIVING_RULES} rules may derive values.")
    return rules


def _compile(number: int, sent: Any) -> Rule:
    try:
        return _rule(sent)
    except ValueError as error:
        raise ValueError(f"Rule {number}: {error}") from None


def _rule(sent: Any) -> Rule:
    op = sent.get("op") if isinstance(sent, dict) else None
    if not isinstance(op, str) or op not in NEEDED_MEMBERS:  # a list can't even be looked for
        raise ValueError(f"`op` must be one of {', '.join(NEEDED_MEMBERS)}.")
    needed = NEEDED_MEMBERS[op]
    if missing := needed - sent.keys():
        raise ValueError(f"`{sorted(missing)[0]}` is missing.")
    known = needed | OPTIONAL_MEMBERS.get(op, set()) | {"op", "type"}
    if unknown := sent.keys() - known:
        raise ValueError(f"`{sorted(map(str, unknown))[0]}` is not a member of this rule.")
    return Rule(
        op,
        _path(sent.get("path", sent.get("from"))),
        _path(sent["to"]) if "to" in needed else None,
        _derivation(sent["as"]) if "as" in needed else None,
        _kept(sent.get("keep", 0)),
        _type(sent.get("type")),
    )


def _path(sent: object) -> Path:
    names = tuple(sent.split(".")) if isinstance(sent, str) else ()
    long = len(names) > MAX_PATH_NAMES or len(str(sent)) > MAX_PATH_CHARACTERS
    if not names or long or not all(names) or names[0] not in ROOTS:
        raise ValueError(f"A path begins with {', '.join(ROOTS)}, such as `data.page.url`.")
    if (names[0] in NAMES) != (len(names) == 1):
        raise ValueError("`user_id` and `session_id` stand alone; `data` and `metadata` never do.")
    return names


def _derivation(sent: object) -> str:
    if not isinstance(sent, str) or sent not in DERIVATIONS:
        raise ValueError(f"`as` must be one of {', '.join(DERIVATIONS)}.")
    return sent


def _kept(sent: object) -> int:
    if type(sent) is not int or not 0 <= sent <= MAX_KEPT_CHARACTERS:
        raise ValueError(f"`keep` must be a whole number from 0 to {MAX_KEPT_CHARACTERS}.")
    return sent


def _type(sent: object) -> str | None:
    if sent is None or (isinstance(sent, str) and 0 < len(sent) <= MAX_NAME_CHARACTERS):
        return sent
    raise ValueError("`type` must be the name of a type of event.")
