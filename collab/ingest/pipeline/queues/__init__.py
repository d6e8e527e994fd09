"""Where a loader takes requests from: the store's own inbox, or a stream of Redis."""
