"""A server with one web process, and the small program that its first process becomes."""
