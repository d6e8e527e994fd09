"""Tests of collab.events."""
