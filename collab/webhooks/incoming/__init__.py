"""Incoming hooks: addresses at which other systems publish events to a project."""
