"""How events come in over HTTP: who sends them, in which form, and what the answers are."""
