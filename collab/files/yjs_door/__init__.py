"""Texts over the Yjs protocol."""
