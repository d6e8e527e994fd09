"""Refresh tokens: traded, and in the cookie of a page."""
