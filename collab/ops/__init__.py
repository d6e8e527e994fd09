"""Running it: health, readiness, and the documents."""
