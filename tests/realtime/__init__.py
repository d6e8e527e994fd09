"""Tests of collab.realtime."""
