"""Fields of schemas that have a rule of their own; the plain ones are in `core/schemas.py`."""
