"""Shrink the pictures that a task shows to what a policy needs to see of them."""

import numpy as np
from gymnasium import spaces
from jaxtyping import UInt8

# A picture's height, width and channels.
Shape = tuple[int, int, int]

# Pictures are shrunk as long as both sides keep this many pixels.
SHORTEST_SIDE = 40
# What is smaller than this on one side is a table of numbers, not a picture.
SMALLEST_SIDE = 20
# Gray, with opacity, in color, or both.
MOST_CHANNELS = 4


def seen_shape(space: spaces.Space) -> Shape | None:
    """The shape of what a policy sees of the pictures in `space`; None: no pictures.

    Height and width are divided by one whole number, and no side falls below 40 pixels
    unless it was: 96 x 96 becomes 48 x 48, 210 x 160 becomes 52 x 40.
    """
    whole = picture_shape(space)
    if whole is None:
        return None
    height, width, channels = whole
    factor = max(1, min(height, width) // SHORTEST_SIDE)
    return height // factor, width // factor, channels


def picture_shape(space: spaces.Space) -> Shape | None:
    """Height, width and channels of the pictures in `space`; None: no pictures.

    A picture is a Box of bytes with two axes (gray), or three, the last of which is
    color.
    """
    if not isinstance(space, spaces.Box) or space.dtype != np.uint8:
        return None
    if len(space.shape) not in (2, 3):
        return None
    height, width, channels = (*space.shape, 1)[:3]
    big = min(height, width) >= SMALLEST_SIDE and channels <= MOST_CHANNELS
    return (height, width, channels) if big else None


def shrunk(
    picture: UInt8[np.ndarray, "height width channels"], shape: Shape
) -> UInt8[np.ndarray, " obs"]:
    """The mean of each square of pixels, rounded; what is left over at the edge is cut.

    Raises ValueError where the picture has another number of channels.
    """
    height, width, channels = shape
    factor = min(picture.shape[0] // height, picture.shape[1] // width)
    if picture.shape[2] != channels:
        raise ValueError(f"{picture.shape[2]} channels, but {channels} are seen")
    if factor == 1:
        return picture[:height, :width].ravel()
    cut = picture[: height * factor, : width * factor]
    total = np.full((height, width, channels), factor**2 // 2, np.uint32)
    for row in range(factor):
        for column in range(factor):
            total += cut[row::factor, column::factor]
    return (total // factor**2).astype(np.uint8).ravel()


def enlarged(
    vector: UInt8[np.ndarray, " obs"], shape: Shape, space: spaces.Space
) -> UInt8[np.ndarray, "..."]:
    """A picture of `space` that looks as a policy sees it: squares of one color.

    Shrunk again it is the same `vector`. The pixels that were cut off at the edge
    repeat their neighbors.
    """
    whole = picture_shape(space)
    assert whole is not None and space.shape is not None
    factor = min(whole[0] // shape[0], whole[1] // shape[1])
    rows = np.minimum(np.arange(whole[0]) // factor, shape[0] - 1)
    columns = np.minimum(np.arange(whole[1]) // factor, shape[1] - 1)
    return vector.reshape(shape)[rows[:, None], columns].reshape(space.shape)
