"""Running code that people send, in isolation."""
