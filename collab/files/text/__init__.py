"""Texts as values: code units, changes, comparing, undoing. Nothing here knows a database."""
