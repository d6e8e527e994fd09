"""The raw archive: its files, and the names of those that write them."""
