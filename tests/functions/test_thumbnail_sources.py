"""What a thumbnail is made of: upright, without what else is in the file, or refused."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from collab.functions.handlers.thumbnail import UPRIGHT_BY_ORIENTATION
from collab.jobs.handlers.host import Failure
from tests.support.each import each
from tests.support.images import BLUE, FORMATS, RED, WHITE, encoded, halves, near, refused

# -- what else is in a file ------------------------------------------------------------------------


@each(
    [(kind, orientation) for kind in ["JPEG", "PNG", "WEBP", "TIFF"] for orientation in range(1, 9)]
)
def test_it_stands_upright(kind: str, orientation: int, *, thumbnail) -> None:
    upright = Image.new("RGB", (320, 160), WHITE)
    upright.paste(RED, (0, 0, 80, 80))  # a corner tells all eight apart
    upright.paste(BLUE, (80, 0, 320, 80))
    undo = {2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
    stored = (
        upright.transpose(UPRIGHT_BY_ORIENTATION[undo[orientation]]) if orientation > 1 else upright
    )
    exif = Image.Exif()
    exif[0x0112] = orientation
    made = thumbnail(encoded(stored, kind, exif=exif), width=160, height=160)
    pixels = made.image.convert("RGB")
    assert pixels.size == (160, 80)
    assert near(pixels.getpixel((10, 10)), RED)
    assert near(pixels.getpixel((150, 10)), BLUE)
    assert near(pixels.getpixel((10, 70)), WHITE)


@each([0, 9, 65535])
def test_an_unknown_orientation_is_none(orientation: int, *, thumbnail) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert thumbnail(encoded(halves(), "JPEG", exif=exif)).image.size == (256, 128)


def test_broken_exif_does_not_cost_the_picture(thumbnail) -> None:
    content = encoded(halves(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff rubbish")
    assert thumbnail(content).image.size == (256, 128)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_metadata_stays_behind(thumbnail, tmp_path: Path, kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = encoded(halves(), "JPEG", exif=exif, comment="my home", icc_profile=profile)
    image = thumbnail(content, format=kind).image
    assert dict(image.getexif()) == {}
    assert not {"comment", "icc_profile", "exif"} & image.info.keys()
    written = (tmp_path / "output").read_bytes()
    assert b"where I live" not in written
    assert b"my home" not in written


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_profile_is_applied_before_it_is_dropped(thumbnail, mode: str) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")
    image = halves(mode=mode)
    if mode == "RGBA":
        image.putalpha(100)
    shown = thumbnail(encoded(image, "PNG", icc_profile=swapped), format="PNG").image
    assert near(shown.getpixel((10, 10)), (*BLUE, 100)[: len(mode)])


def test_a_broken_profile_does_not_cost_the_picture(thumbnail) -> None:
    content = encoded(halves(), "PNG", icc_profile=b"rubbish")
    assert thumbnail(content).image.size == (256, 128)


@each(["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_the_first_frame_is_shown(kind: str, *, thumbnail) -> None:
    frames = [Image.new("RGB", (100, 100), colour) for colour in (RED, BLUE, WHITE)]
    made = thumbnail(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert near(made.image.convert("RGB").getpixel((50, 50)), RED)
    assert getattr(made.image, "n_frames", 1) == 1


def test_a_jpeg_with_a_preview_after_it_is_a_jpeg(thumbnail) -> None:
    content = encoded(halves(), "MPO", save_all=True, append_images=[halves((40, 20))])
    assert thumbnail(content).data["source"] == {"width": 400, "height": 200, "format": "JPEG"}


# -- what is no image ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        "Grüße".encode() * 1000,
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>',
        b"%PDF-1.4",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"\xff\xd8\xff",
        bytes(10_000),
    ],
    ids=["empty", "text", "long text", "svg", "pdf", "eps", "png", "gif", "jpeg", "zeros"],
)
def test_what_is_no_image_is_refused(thumbnail, content: bytes) -> None:
    code, message = refused(thumbnail, content)
    assert code == "not_an_image"
    assert message.endswith(".")


@each(["ICO", "PPM", "TGA", "PCX", "EPS"])
def test_other_formats_that_the_library_reads_are_refused(kind: str, *, thumbnail) -> None:
    code, message = refused(thumbnail, encoded(halves(), kind))
    assert code == "not_an_image"
    assert "PNG, JPEG, GIF, WEBP, BMP, TIFF" in message


@each(FORMATS)
def test_an_image_that_ends_in_the_middle_is_refused(kind: str, *, thumbnail) -> None:
    content = encoded(Image.effect_noise((300, 300), 90).convert("RGB"), kind)
    assert refused(thumbnail, content[: len(content) // 2])[0] == "not_an_image"


@each([(kind, seed) for kind in FORMATS for seed in range(6)])
def test_a_damaged_image_gives_a_picture_or_a_sentence(kind: str, seed: int, *, thumbnail) -> None:
    content = bytearray(encoded(Image.effect_noise((64, 64), 90).convert("RGB"), kind))
    for number in range(40):
        content[(number * 7919 + seed * 104_729) % len(content)] ^= 1 << (number % 8)
    try:
        size = thumbnail(bytes(content)).image.size
    except Failure as failure:
        _, code = failure.args
    else:
        code = "a picture" if max(size) <= 256 else "too large"
    assert code in ("a picture", "not_an_image", "too_many_pixels")


# -- bombs -----------------------------------------------------------------------------------------


def png_header(width: int, height: int, data: bytes = b"") -> bytes:
    """Return a PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        tag = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + tag

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data))


def gif_header(width: int, height: int) -> bytes:
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x4c\x01\x00;"
    return b"GIF89a" + screen + frame


def bmp_header(width: int, height: int) -> bytes:
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + info


def webp_header(width: int, height: int) -> bytes:
    size = (width - 1) | ((height - 1) << 14) | (1 << 28)
    body = b"\x2f" + struct.pack("<I", size) + bytes(65)
    chunk = b"VP8L" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


@pytest.mark.parametrize(
    "content",
    [
        png_header(100_000, 100_000),
        png_header(2**31 - 1, 1),
        png_header(8000, 6251),
        gif_header(65_535, 65_535),
        bmp_header(30_000, 30_000),
        webp_header(16_383, 16_383),
    ],
    ids=["png", "long png", "png a little over", "gif", "bmp", "webp"],
)
def test_too_many_pixels_are_refused_by_the_header(thumbnail, content: bytes) -> None:
    assert refused(thumbnail, content) == (
        "too_many_pixels",
        "The image has more than 50 million pixels.",
    )


def test_the_most_pixels_that_are_taken_are_taken(thumbnail) -> None:
    image = Image.new("L", (10_000, 5_000), 90)
    assert thumbnail(encoded(image, "PNG", compress_level=1)).image.size == (256, 128)


def test_text_that_unpacks_to_very_much_is_refused(thumbnail) -> None:
    body = b"note\0\0" + zlib.compress(bytes(5 * PngImagePlugin.MAX_TEXT_CHUNK), 9)
    text = struct.pack(">I", len(body)) + b"zTXt" + body
    text += struct.pack(">I", zlib.crc32(b"zTXt" + body))
    content = encoded(halves())
    assert refused(thumbnail, content[:33] + text + content[33:])[0] == "not_an_image"
