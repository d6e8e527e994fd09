"""A siege: what hostile and unlucky peers send, while friends work in the same server."""
