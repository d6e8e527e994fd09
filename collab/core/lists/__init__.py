"""Lists: reading them by their bytes, a page at a time, and in the order that people give them."""
