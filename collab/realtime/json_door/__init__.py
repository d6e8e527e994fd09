"""The socket that speaks JSON."""
