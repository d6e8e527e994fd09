"""The version, in its one place; `pyproject.toml` reads it, too."""

VERSION = "1.0.0"
