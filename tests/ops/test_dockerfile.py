"""What CI does instead of Docker does what Docker would, and nothing in silence."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from collab.config import ROOT


def loaded() -> ModuleType:
    """Return `.ci/dockerfile.py`, which is in no package."""
    spec = importlib.util.spec_from_file_location("dockerfile", ROOT / ".ci" / "dockerfile.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses ask for it
    spec.loader.exec_module(module)
    return module


dockerfile: Any = loaded()
IGNORED = dockerfile.Ignored((ROOT / ".dockerignore").read_text())


@pytest.mark.parametrize(
    "path",
    [
        *(".env", ".git/config", "instance/collab.db", "tests/conftest.py", "docs/scaling.md"),
        *("deploy/.env", "deploy/secrets/metrics_token", "deploy/compose.yaml", "collab/.env"),
        *("collab/__pycache__/config.cpython-311.pyc", "collab/core/errors.pyc", "bench/fanout.py"),
    ],
)
def test_data_settings_and_tests_do_not_get_into_an_image(path: str) -> None:
    assert IGNORED(Path(path))


@pytest.mark.parametrize(
    "path",
    [
        *("app.py", "LICENSE", "requirements.txt", "requirements.lock", "deploy/requirements.txt"),
        *("collab/__init__.py", "collab/web/static/core/live.js", "collab/migrations/env.py"),
    ],
)
def test_what_it_is_made_of_does(path: str) -> None:
    assert (ROOT / path).exists()
    assert not IGNORED(Path(path))


def test_lines_that_are_continued_are_one_and_comments_none() -> None:
    text = "# one\nRUN a \\\n # two\n && b\n\nUSER 7:7\n"
    assert [(name, words.split()) for name, words in dockerfile.instructions(text)] == [
        ("RUN", ["a", "&&", "b"]),
        ("USER", ["7:7"]),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "ADD https://example.com/x /",
        "FROM debian:12",
        "FROM python:2.7-slim",
        "COPY --chown=1 app.py /",
        "COPY tests /tests",
        "RUN --network=none true",
    ],
)
def test_what_is_not_known_is_not_left_out(line: str, tmp_path: Path) -> None:
    build = dockerfile.Build(ROOT, tmp_path, tmp_path)
    build.last = dockerfile.Stage(tmp_path)
    with pytest.raises(dockerfile.Unknown):
        build.run(line)


def test_files_and_variables_are_where_the_instructions_put_them(tmp_path: Path) -> None:
    build = dockerfile.Build(ROOT, tmp_path, tmp_path)
    build.last = stage = dockerfile.Stage(tmp_path / "root")
    build.run("ENV PATH=/opt/bin:$PATH A=1\nWORKDIR /app\nCOPY app.py LICENSE ./\nUSER 7:8")
    assert (tmp_path / "root" / "app" / "app.py").read_bytes() == (ROOT / "app.py").read_bytes()
    assert stage.environment["PATH"].startswith("/opt/bin:/usr/local/bin")
    assert (stage.environment["A"], stage.user, stage.folder) == ("1", "7:8", "/app")
