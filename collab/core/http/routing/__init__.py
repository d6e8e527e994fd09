"""How addresses are matched, by short names and lazily; and what each request skips."""
