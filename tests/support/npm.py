"""What tests run in Node.js: the program, and packages of npm; a test that lacks one is skipped."""

from __future__ import annotations

import shutil

import pytest

from collab.config import ROOT

#: Where `npm install --prefix tests` puts the packages.
PACKAGES = ROOT / "tests" / "node_modules"


def lacking(*packages: str) -> str:
    """Return why a test can't use Node.js with these packages: "" if it can."""
    if not shutil.which("node"):
        return "needs Node.js: apt-get install nodejs npm"
    if gone := [one for one in packages if not (PACKAGES / one).exists()]:
        return f"needs {', '.join(gone)} of npm: npm install --prefix tests"
    return ""


def needs_node(*packages: str) -> pytest.MarkDecorator:
    """Return a mark that skips tests without Node.js or one of these packages."""
    reason = lacking(*packages)
    return pytest.mark.skipif(bool(reason), reason=reason)


def skip_without_node(*packages: str) -> None:
    """Skip whoever asks for a fixture that can't be made without them."""
    if reason := lacking(*packages):
        pytest.skip(reason)
