"""Where a loader takes requests from: the store's own inbox, or a Redis stream."""
