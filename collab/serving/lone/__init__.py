"""A server of one web process, and the small program that its first process becomes."""
