"""People's data: exporting and erasing it."""
