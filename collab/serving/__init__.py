"""How connections wait: one selector for all, so that no thread waits for a peer."""
