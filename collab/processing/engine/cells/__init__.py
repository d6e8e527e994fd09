"""Cells: what they are read as, so that nothing that was written is lost."""
