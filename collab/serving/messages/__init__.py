"""HTTP messages (RFC 9112): requests as they arrive, answers as they are sent."""
