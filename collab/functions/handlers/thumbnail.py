"""Make a small picture of an image: it keeps its proportions and is never enlarged."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from typing import Any

from PIL import Image, ImageCms, UnidentifiedImageError

INPUT = "image"
MEMORY_MB = 1024

#: What is read; of the many others that Pillow knows, several start programs or are seldom tested.
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")
MAX_PIXELS = 50_000_000
DEFAULT_SIZE_PX = 256
MIN_SIZE_PX = 16
MAX_SIZE_PX = 2048
JPEG_QUALITY = 85

#: What undoes each value of Exif's Orientation (CIPA DC-008, 4.6.5.1); 1 is upright.
UPRIGHT_BY_ORIENTATION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
ORIENTATION_TAG = 0x0112


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take `{"width": 256, "height": 256, "format": "PNG" | "JPEG" | "WEBP"}`, all optional."""
    box = (_side(event, "width", context), _side(event, "height", context))
    wanted = event.get("format")
    if wanted not in (None, "PNG", "JPEG", "WEBP"):
        context.fail("`format` must be PNG, JPEG or WEBP.", code="bad_event")
    with _faults_named(context), _opened(context.inputs[INPUT]) as image:
        # A JPEG with a preview for other devices after it is one of two formats to Pillow.
        kind = "JPEG" if image.format == "MPO" else image.format
        source = {"width": image.width, "height": image.height, "format": kind}
        context.progress(0.1, "decoding")
        small = _shrunk(image, box)
    context.progress(0.9, "encoding")
    chosen = wanted or ("PNG" if _is_transparent(small) else "JPEG")
    _save(small, chosen, context)
    return {"width": small.width, "height": small.height, "format": chosen, "source": source}


def fit(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    """Return the largest size of the same proportions that is within a box, and not enlarged."""
    (width, height), (most_wide, most_high) = size, box
    if width <= most_wide and height <= most_high:
        return size
    if width * most_high >= height * most_wide:  # the width decides
        return most_wide, max(1, round(height * most_wide / width))
    return max(1, round(width * most_high / height)), most_high


def _side(event: dict[str, Any], name: str, context: Any) -> int:
    value = event.get(name, DEFAULT_SIZE_PX)
    if type(value) is not int or not MIN_SIZE_PX <= value <= MAX_SIZE_PX:
        limits = f"from {MIN_SIZE_PX} to {MAX_SIZE_PX}"
        context.fail(f"`{name}` must be a whole number {limits}.", code="bad_event")
    return int(value)


@contextlib.contextmanager
def _faults_named(context: Any) -> Iterator[None]:
    """Say what is wrong with the image; what is wrong with the machine may be tried again."""
    try:
        yield
    except UnidentifiedImageError:
        context.fail(f"The file is not an image: {', '.join(FORMATS)} can be read.", "not_an_image")
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        context.fail("The image has more than 50 million pixels.", code="too_many_pixels")
    except MemoryError:
        raise
    except Exception as error:  # decoders raise nearly anything at a damaged file
        if isinstance(error, OSError) and error.errno is not None:
            raise
        context.fail(f"The image is damaged: {error}.", code="not_an_image")


def _opened(path: str) -> Image.Image:
    """Read the header; raises before anything is decoded where there is too much of it."""
    warnings.simplefilter("ignore")  # what Pillow thinks of odd metadata
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    return Image.open(path, formats=FORMATS)


def _shrunk(image: Image.Image, box: tuple[int, int]) -> Image.Image:
    """Decode the first frame, and make it small, upright and free of metadata."""
    square = (max(box), max(box))  # whichever way it turns out to lie
    image.draft(None, fit(image.size, square))  # a JPEG is decoded at a fraction of its size
    image.load()
    turn = UPRIGHT_BY_ORIENTATION.get(_orientation(image))
    lies = turn in (
        UPRIGHT_BY_ORIENTATION[5],
        UPRIGHT_BY_ORIENTATION[6],
        UPRIGHT_BY_ORIENTATION[7],
        UPRIGHT_BY_ORIENTATION[8],
    )
    size = fit(image.size, box[::-1] if lies else box)
    small = _plain(image).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    small = _in_srgb(small, image.info.get("icc_profile"))
    small.info = {}  # or it would be written with the picture
    return small if turn is None else small.transpose(turn)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION_TAG, 1))
    except Exception:  # the picture is worth showing without it
        return 1


def _plain(image: Image.Image) -> Image.Image:
    """Return the image in 8 bits per channel: grey, RGB or RGBA."""
    if image.mode.startswith("I;16"):
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("I", "F"):  # measurements of any range
        extrema: Any = image.getextrema()
        low, scale = extrema[0], 255 / (extrema[1] - extrema[0] or 1)
        return image.point(lambda value: value * scale - low * scale).convert("L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the image in the colours that are assumed where no profile says otherwise."""
    if profile and image.mode in ("RGB", "RGBA"):
        with contextlib.suppress(ImageCms.PyCMSError, OSError):  # a profile may be damaged
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")
            return ImageCms.profileToProfile(image, own, srgb) or image
    return image


def _is_transparent(image: Image.Image) -> bool:
    extrema: Any = image.getextrema()
    return image.mode == "RGBA" and extrema[3][0] < 255


def _save(image: Image.Image, chosen: str, context: Any) -> None:
    if chosen == "JPEG" and image.mode == "RGBA":  # which has no transparency: on white
        ground = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(ground, image).convert("RGB")
    image.save(context.output_path, chosen, quality=JPEG_QUALITY, optimize=True)
    suffix = "jpg" if chosen == "JPEG" else chosen.lower()
    context.attach(f"image/{chosen.lower()}", f"thumbnail.{suffix}")
