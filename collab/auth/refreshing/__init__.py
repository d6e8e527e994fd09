"""Refresh tokens: exchanging them, and the page's cookie for them."""
