"""Whether features are on: an admin's word over the FEATURE_* settings, for all or for some."""

from __future__ import annotations

import hashlib
from datetime import datetime

from flask import Flask
from sqlalchemy import select

from ..config import SETTINGS
from ..core.caller import Caller
from ..core.database import take_write_lock
from ..core.errors import NotFound
from ..core.models import utcnow
from ..core.slots import Slot
from ..core.transactions.remembered import Remembered
from ..events import log
from ..events.catalogue.system import FlagChanged
from ..extensions import db
from ..frozen import frozen
from .models import FlagOverride

SETTING_PREFIX = "FEATURE_"

#: The features that there are, with their meaning; each has a setting.
FEATURES = {
    setting.name.removeprefix(SETTING_PREFIX).lower(): setting.meaning
    for setting in SETTINGS
    if setting.name.startswith(SETTING_PREFIX)
}


class FeatureOff(NotFound):
    """This part of the service is switched off."""

    kind = "feature-off"

    def __init__(self, name: str) -> None:
        super().__init__(f"The feature {name!r} is switched off here, or for you.")


@frozen
class Flag:
    """A feature's state."""

    name: str
    enabled: bool
    #: Of the people, where it is enabled: 0 to 100.
    percentage: int
    #: What the setting says.
    default: bool
    overridden: bool = False
    changed_by: int | None = None
    changed_at: datetime | None = None

    @property
    def meaning(self) -> str:
        """Return what the feature is."""
        return FEATURES[self.name]

    def on_for(self, user_id: int | None) -> bool:
        """Return whether somebody has the feature; nobody in particular, only if all have it."""
        if not self.enabled or self.percentage >= 100:
            return self.enabled
        return user_id is not None and bucket(self.name, user_id) < self.percentage


def bucket(name: str, user_id: int) -> int:
    """Return a person's place for a feature, from 0 to 99: the same each time and everywhere.

    Whoever has a feature at 10 % has it at 20 %, too; who the 10 % are differs by feature.
    """
    # With the name in it, or the same few people would try out every feature.
    digest = hashlib.sha256(f"{name}:{user_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 100


class Flags:
    """The flags as this process knows them: a change of one counts as a change of rights."""

    def __init__(self, app: Flask) -> None:
        self._defaults = {
            name: bool(app.config[SETTING_PREFIX + name.upper()]) for name in FEATURES
        }
        # All together: a request asks for several, and there are few.
        self._remembered: Remembered[None, dict[str, Flag]] = Remembered(app, most=1)

    def all(self) -> dict[str, Flag]:
        """Return all flags by name."""
        return self._remembered.read(None, self.read)

    def read(self) -> dict[str, Flag]:
        """Read all flags from the database."""
        rows = {row.name: row for row in db.session.scalars(select(FlagOverride))}
        return {name: self._flag(name, rows.get(name)) for name in FEATURES}

    def _flag(self, name: str, row: FlagOverride | None) -> Flag:
        default = self._defaults[name]
        if row is None:
            return Flag(name, default, 100, default)
        override = (row.enabled, row.percentage, default, True, row.changed_by, row.changed_at)
        return Flag(name, *override)


FLAGS: Slot[Flags] = Slot("flags", Flags)


def list_flags() -> list[Flag]:
    """Return all flags as they are now."""
    return list(FLAGS.here().read().values())


def load(name: str) -> Flag:
    """Return a flag as it is now; raises NotFound."""
    flag = FLAGS.here().read().get(name)
    if flag is None:
        raise NotFound(f"There is no feature {name[:40]!r}.")
    return flag


def is_on(name: str, user_id: int | None) -> bool:
    """Return whether somebody (None: nobody in particular) has a feature."""
    return FLAGS.here().all()[name].on_for(user_id)


def require(name: str, user_id: int | None) -> None:
    """Raise FeatureOff for a person who does not have a feature."""
    if not is_on(name, user_id):
        raise FeatureOff(name)


def load_to_change(name: str) -> Flag:
    """Return a flag that nobody else can change until the commit; raises NotFound."""
    take_write_lock()
    return load(name)


def switch(flag: Flag, enabled: bool, percentage: int, admin: Caller) -> Flag:
    """Switch a feature on or off, for some of the people or for all."""
    row = db.session.get(FlagOverride, flag.name) or FlagOverride(name=flag.name)
    # The same again is not a change: no event, and nobody's memory is outdated by it.
    if (flag.enabled, flag.percentage, flag.overridden) != (enabled, percentage, True):
        row.enabled, row.percentage = enabled, percentage
        row.changed_by, row.changed_at = admin.user_id, utcnow()
        db.session.add(row)
        _tell(flag.name, enabled, percentage, True, admin)
    db.session.commit()
    return load(flag.name)


def reset(flag: Flag, admin: Caller) -> None:
    """Give a feature back to its setting."""
    row = db.session.get(FlagOverride, flag.name)
    if row is not None:
        db.session.delete(row)
        _tell(flag.name, flag.default, 100, False, admin)
    db.session.commit()


def _tell(name: str, enabled: bool, percentage: int, overridden: bool, admin: Caller) -> None:
    changed = FlagChanged(name=name, enabled=enabled, percentage=percentage, overridden=overridden)
    log.record(changed, actor=admin.user_id)
