"""Tests of collab.processing."""
