"""Lambda-style handlers, each run in a process of its own."""
