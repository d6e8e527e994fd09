"""Pictures to make thumbnails of, and a look at what becomes of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from collab.jobs.handlers.host import Failure

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")
RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def halves(size: tuple[int, int] = (400, 200), mode: str = "RGB") -> Image.Image:
    """Return a picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    return image.convert(mode)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@dataclass
class Made:
    """What the handler returned, said of its file, and wrote."""

    data: dict[str, Any]
    attached: dict[str, Any]
    image: Image.Image


def read(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image


def refused(thumbnail: Callable[..., Made], content: Any, **event: Any) -> tuple[str, str]:
    """Call the handler with what it does not take; return its code and message."""
    with pytest.raises(Failure) as raised:
        thumbnail(content, **event)
    message, code = raised.value.args
    return code, message


def near(pixel: Any, colour: tuple[int, ...]) -> bool:
    return all(abs(a - b) < 12 for a, b in zip(pixel, colour, strict=True))
