"""Backups: one file with a whole installation, as of one moment."""
