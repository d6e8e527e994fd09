"""Tests of collab.ops."""
