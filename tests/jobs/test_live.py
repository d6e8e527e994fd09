"""Following jobs as they run, over a real server."""

from __future__ import annotations
