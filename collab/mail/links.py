"""The addresses in mails: they begin with PUBLIC_URL, never with what a request says.

The sender chooses a request's `Host`: somebody who requested another person's password reset with a
host of their own would get the token with the click (CWE-640).
"""

from __future__ import annotations

from ..core.slots import setting


def page_address(path: str) -> str:
    """Return the address of a page of this service."""
    return f"{public_url()}{path}"


def public_url() -> str:
    """Return where people find this service, without a slash at the end."""
    given: str = setting("PUBLIC_URL")
    return given.rstrip("/") if given else f"http://127.0.0.1:{setting('PORT')}"
