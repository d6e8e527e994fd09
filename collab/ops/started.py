"""When the process started."""

from ..core.slots import Slot

STARTED: Slot[float] = Slot("started")
