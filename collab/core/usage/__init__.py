"""What people and projects keep, counted as it is written, and how much that may be."""
