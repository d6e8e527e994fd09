"""The HTTP conventions that every resource shares, and the settings."""
