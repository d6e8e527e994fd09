"""How connections are waited for: one selector for all, so that no thread waits for a peer."""
