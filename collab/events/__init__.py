"""The event log: everything that happens is one row of it, and every live view a reading of it."""
