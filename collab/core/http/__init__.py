"""The HTTP conventions: paths, headers, limits, entity tags, pages, idempotency keys."""
