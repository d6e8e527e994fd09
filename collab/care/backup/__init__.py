"""Backups: one file with all that an installation is, of one moment."""
