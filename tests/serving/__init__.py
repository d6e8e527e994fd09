"""Tests of how connections wait."""
