"""Signing in: where every way to log in ends, whatever it began with."""
