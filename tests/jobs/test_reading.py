"""Reading jobs, and what they made and said."""

from __future__ import annotations
