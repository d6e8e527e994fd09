"""What a text was, who changed it, and undoing changes."""
