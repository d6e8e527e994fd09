"""What words may be made of, and which spellings of them are one. Pure: no request, no database."""
