"""The thumbnail handler, called in this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from collab.functions.handlers.thumbnail import handler
from collab.jobs.handlers.host import Channel, Context
from tests.support.images import Made, encoded, read


@pytest.fixture
def thumbnail(tmp_path: Path) -> Iterator[Callable[..., Made]]:
    """Return a caller of the handler, in this process: `thumbnail(image, width=64)`."""
    nowhere = os.open(os.devnull, os.O_WRONLY)

    def make(content: bytes | Image.Image, **event: Any) -> Made:
        (tmp_path / "output").unlink(missing_ok=True)
        source = tmp_path / "source"
        source.write_bytes(encoded(content) if isinstance(content, Image.Image) else content)
        request = {
            "function_name": "thumbnail",
            "request_id": "job-1-1",
            "attempt": 1,
            "memory_mb": 512,
            "inputs": {"image": str(source)},
            "output_path": str(tmp_path / "output"),
            "deadline": 0,
        }
        context = Context(request, Channel(nowhere))
        data = handler(event, context)
        return Made(data, context.attached, read(tmp_path / "output"))

    yield make
    os.close(nowhere)
