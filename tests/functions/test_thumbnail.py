"""Thumbnails: small, bounded, and in the format that was asked for."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st
from PIL import Image

from collab.functions.handlers.thumbnail import fit
from tests.support.each import each
from tests.support.images import BLUE, FORMATS, RED, WHITE, encoded, halves, near, refused

# -- size ------------------------------------------------------------------------------------------


def test_an_image_is_shrunk_into_256_by_256_unless_told_otherwise(thumbnail) -> None:
    made = thumbnail(halves((1000, 500)))
    assert made.image.size == (256, 128)
    assert made.data == {
        "width": 256,
        "height": 128,
        "format": "JPEG",
        "source": {"width": 1000, "height": 500, "format": "PNG"},
    }


@each([((100, 2048), (100, 50)), ((2048, 16), (32, 16)), ((16, 16), (16, 8))])
def test_it_fits_into_the_box_that_was_asked_for(box, size, *, thumbnail) -> None:
    assert thumbnail(halves(), width=box[0], height=box[1]).image.size == size


@each(FORMATS)
def test_one_pixel_is_not_enlarged(kind: str, *, thumbnail) -> None:
    assert thumbnail(encoded(Image.new("RGB", (1, 1), RED), kind)).image.size == (1, 1)


def test_a_very_long_image_keeps_one_pixel_of_height(thumbnail) -> None:
    assert thumbnail(halves((60_000, 2))).image.size == (256, 1)


@each(
    [
        (name, value)
        for name in ["width", "height"]
        for value in [15, 2049, 0, -1, "100", 100.5, True, None, [100]]
    ]
)
def test_other_sizes_are_refused(name: str, value: Any, *, thumbnail) -> None:
    assert refused(thumbnail, halves(), **{name: value}) == (
        "bad_event",
        f"`{name}` must be a whole number from 16 to 2048.",
    )


SIDE = st.integers(1, 100_000)


@given(st.tuples(SIDE, SIDE), st.tuples(SIDE, SIDE))
@example((50_000, 1), (256, 256))
@example((3, 2), (2, 1))
def test_a_fitted_size_is_the_largest_within_the_box_and_the_image(size, box) -> None:
    width, height = fit(size, box)
    assert 1 <= width <= min(size[0], box[0])
    assert 1 <= height <= min(size[1], box[1])
    assert (width, height) == size or width == box[0] or height == box[1]


@given(st.tuples(SIDE, SIDE), st.tuples(SIDE, SIDE))
def test_a_fitted_size_keeps_the_proportions_to_half_a_pixel(size, box) -> None:
    width, height = fit(size, box)
    assume(width > 1 and height > 1)
    across = abs(width - height * size[0] / size[1])
    along = abs(height - width * size[1] / size[0])
    assert min(across, along) <= 0.5000001


# -- formats ---------------------------------------------------------------------------------------


@each(FORMATS)
def test_each_format_is_read(kind: str, *, thumbnail) -> None:
    made = thumbnail(encoded(halves(), kind))
    assert made.data["source"] == {"width": 400, "height": 200, "format": kind}
    pixels = made.image.convert("RGB")
    assert near(pixels.getpixel((10, 10)), RED)
    assert near(pixels.getpixel((245, 10)), BLUE)


@each(
    [
        ("PNG", "image/png", "thumbnail.png"),
        ("JPEG", "image/jpeg", "thumbnail.jpg"),
        ("WEBP", "image/webp", "thumbnail.webp"),
    ]
)
def test_each_format_is_made(kind: str, content_type: str, filename: str, *, thumbnail) -> None:
    made = thumbnail(halves(), format=kind)
    assert (made.image.format, made.data["format"]) == (kind, kind)
    assert made.attached == {"content_type": content_type, "filename": filename}


@each(["GIF", "png", "", 5, ["PNG"]])
def test_other_formats_are_not_made(kind: Any, *, thumbnail) -> None:
    assert refused(thumbnail, halves(), format=kind)[0] == "bad_event"


@each(
    [
        (mode, format)
        for mode in ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"]
        for format in ["PNG", "JPEG", "WEBP"]
    ]
)
def test_each_kind_of_pixel_is_understood(mode: str, format: str, *, thumbnail) -> None:
    image = halves(mode="L").convert("I;16") if mode == "I;16" else halves(mode=mode)
    assert thumbnail(encoded(image), format=format).image.size == (256, 128)


def test_colours_for_print_become_colours_for_screens(thumbnail) -> None:
    made = thumbnail(encoded(halves(mode="CMYK"), "JPEG"))
    assert made.image.mode == "RGB"
    assert near(made.image.getpixel((10, 10)), RED)


def test_sixteen_bits_of_grey_become_eight(thumbnail) -> None:
    made = thumbnail(Image.new("I;16", (40, 40), 0x8000), format="PNG")
    assert made.image.getpixel((5, 5)) == 128


def test_measurements_are_shown_from_the_least_to_the_most(thumbnail) -> None:
    image = Image.new("F", (40, 40), -0.5)
    image.paste(0.25, (20, 0, 40, 40))
    made = thumbnail(encoded(image, "TIFF"), format="PNG")
    assert (made.image.getpixel((2, 2)), made.image.getpixel((37, 2))) == (0, 255)


# -- transparency ----------------------------------------------------------------------------------


def glass() -> Image.Image:
    """Return a picture that is transparent on the left and red on the right."""
    image = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    image.paste((*RED, 255), (50, 0, 100, 100))
    return image


@each(["PNG", "WEBP", "GIF"])
def test_what_is_transparent_becomes_a_png_that_is(kind: str, *, thumbnail) -> None:
    made = thumbnail(encoded(glass(), kind))
    assert made.image.format == "PNG"
    assert made.image.getpixel((10, 50))[3] == 0
    assert near(made.image.getpixel((90, 50)), (*RED, 255))


def test_a_transparent_colour_counts(thumbnail) -> None:
    made = thumbnail(encoded(halves(), "PNG", transparency=RED))
    assert made.image.format == "PNG"
    assert made.image.getpixel((10, 10))[3] == 0


def test_an_alpha_channel_without_transparency_does_not_count(thumbnail) -> None:
    assert thumbnail(halves(mode="RGBA")).image.format == "JPEG"


def test_as_a_jpeg_it_lies_on_white(thumbnail) -> None:
    made = thumbnail(glass(), format="JPEG")
    assert near(made.image.getpixel((10, 50)), WHITE)
    assert near(made.image.getpixel((90, 50)), RED)


def test_hidden_colours_do_not_shine_through_at_edges(thumbnail) -> None:
    image = Image.new("RGBA", (1000, 1000), (0, 255, 0, 0))
    image.paste((*RED, 255), (0, 0, 503, 1000))
    made = thumbnail(image, format="PNG")
    assert max(green for _, green, _, alpha in made.image.get_flattened_data() if alpha > 8) < 8
