"""Makes a picture small, in a process that may be ended at any time: `python -I decode_picture.py PATH WIDTH HEIGHT`.

On its output come the width and the height of the picture, those of the small one (4 bytes each, big-endian), and its pixels (RGB).
Pictures from others may be made to attack whoever decodes them, so this process may take little of the computer.
"""

import contextlib
import struct
import sys
from typing import Final

from PIL import Image, ImageOps

FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP")
MOST_PIXELS: Final = 50_000_000
_MEMORY: Final = 1 << 30
_SECONDS: Final = 5


def limit() -> None:
    """Allow this process little memory and time, and no writing of files, where the system knows such limits."""
    try:
        import resource
    except ImportError:
        return
    limits = [(resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CPU, _SECONDS), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)]
    for kind, most in limits:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (most, most))


def shrink(path: str, width: int, height: int) -> bytes:
    """What goes to the output. Raises whatever Pillow raises."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    with Image.open(path, formats=FORMATS) as image:
        size = image.size
        if size[0] * size[1] > MOST_PIXELS:
            raise Image.DecompressionBombError
        # A JPEG need not be decoded whole to be made small.
        image.draft("RGB", (2 * width, 2 * height))
        turned = ImageOps.exif_transpose(image)
        if (turned.width < turned.height) != (size[0] < size[1]):
            size = (size[1], size[0])
        turned.thumbnail((width, height))
        small = Image.new("RGB", turned.size, "white")
        small.paste(turned.convert("RGB"), mask=turned.convert("RGBA").getchannel("A"))
        return struct.pack(">4I", *size, *small.size) + small.tobytes()


if __name__ == "__main__":
    limit()
    sys.stdout.buffer.write(shrink(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
