"""The raw archive: its files, and the names of their writers."""
