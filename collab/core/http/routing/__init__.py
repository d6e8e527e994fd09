"""How addresses are matched, by short names and lazily; and what is left out of each request."""
