"""Posts, and the collections that people gather them in."""
