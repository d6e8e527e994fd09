"""People's data: giving it to them, and erasing it."""
