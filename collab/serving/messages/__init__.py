"""HTTP messages (RFC 9112): requests as they come, answers as they go."""
