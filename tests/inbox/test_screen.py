"""Pictures for the page: small ones to the pixel, larger ones quickly."""

import io

import numpy as np
import pytest
from PIL import Image

from novice.inbox.screen import MOST_WIDTH, encoded


@pytest.mark.parametrize(
    ("height", "width", "form"),
    [(210, 160, "PNG"), (256, 256, "JPEG"), (400, 600, "JPEG")],
)
def test_pixel_art_is_kept_and_what_is_larger_is_a_photograph(
    height: int, width: int, form: str
):
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)

    picture = Image.open(io.BytesIO(encoded(noise)))

    assert (picture.format, picture.size) == (form, (width, height))
    if form == "PNG":
        np.testing.assert_array_equal(np.asarray(picture), noise)


def test_what_is_wider_than_a_page_shows_is_made_smaller():
    picture = Image.open(io.BytesIO(encoded(np.zeros((500, 1000, 3), np.uint8))))

    assert picture.size == (MOST_WIDTH, MOST_WIDTH // 2)
