"""Workspaces as zip files, out and in."""
