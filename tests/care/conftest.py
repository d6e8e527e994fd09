"""What tests of backups share: the command line, and what lies in a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from ..conftest import SETTINGS

Command = Callable[..., Result]


@pytest.fixture
def command() -> Command:
    """Return what runs a command of an application: `command(app, "backup", path)`."""

    def run(app: Flask, *arguments: object, **options: object) -> Result:
        with app.app_context():
            return app.test_cli_runner().invoke(args=[str(one) for one in arguments], **options)

    return run


@pytest.fixture
def empty_app(make_app: Callable[..., Flask], tmp_path: Path) -> Flask:
    """Return an application whose folder is new: to restore into."""
    return make_app(INSTANCE_PATH=str(tmp_path / "restored"))


__all__ = ["SETTINGS"]
