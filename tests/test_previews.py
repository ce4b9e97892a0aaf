"""Small pictures of files from others, whatever is in them."""

import io
import os
import struct
import threading
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from chat import previews
from chat.decode_picture import MOST_PIXELS
from chat.previews import Preview, make_preview

LARGEST = (200, 100)


def picture(path: Path, size: tuple[int, int] = (400, 400), kind: str = "PNG", **options: object) -> Path:
    Image.new("RGB", size, "#336699").save(path, kind, **options)
    return path


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_pictures_are_made_small(tmp_path: Path, kind: str) -> None:
    preview = make_preview(picture(tmp_path / "a picture", kind=kind), LARGEST)
    assert preview is not None
    assert (preview.width, preview.height, preview.size) == (400, 400, (100, 100))
    assert all(abs(found - meant) < 8 for found, meant in zip(preview.pixels[:3], (0x33, 0x66, 0x99), strict=True))


def test_what_can_be_seen_through_is_white(tmp_path: Path) -> None:
    Image.new("RGBA", (10, 10), (255, 0, 0, 0)).save(tmp_path / "p.png")
    assert make_preview(tmp_path / "p.png", LARGEST) == Preview(10, 10, (10, 10), b"\xff" * 300)


def test_a_photo_stands_as_it_was_taken(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    preview = make_preview(picture(tmp_path / "p.jpg", (400, 200), "JPEG", exif=exif), LARGEST)
    assert preview is not None
    assert (preview.width, preview.height, preview.size) == (200, 400, (50, 100))


def png(width: int, height: int, data: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_a_picture_that_would_be_huge_is_not_decoded(tmp_path: Path) -> None:
    side = int(MOST_PIXELS**0.5) + 1
    for width, height in ((side, side), (2**31 - 1, 2**31 - 1), (MOST_PIXELS + 1, 1)):
        (tmp_path / "bomb.png").write_bytes(png(width, height, zlib.compress(bytes(100_000))))
        assert make_preview(tmp_path / "bomb.png", LARGEST) is None


def test_of_many_frames_the_first_is_shown(tmp_path: Path) -> None:
    with io.BytesIO() as file:
        Image.new("P", (50, 50)).save(file, "GIF")
        one = file.getvalue()
    # The same frame again and again, before the mark that ends the file.
    frame = one[one.index(b"\x2c") : -1]
    (tmp_path / "long.gif").write_bytes(one[:-1] + frame * 100_000 + b";")
    preview = make_preview(tmp_path / "long.gif", LARGEST)
    assert preview is not None
    assert preview.size == (50, 50)


def test_what_is_no_whole_picture_has_no_preview(tmp_path: Path) -> None:
    whole = picture(tmp_path / "p.png").read_bytes()
    for name, content in (("cut.png", whole[: len(whole) // 2]), ("text.png", b"hello"), ("empty.png", b""), ("p.bmp", b"BM" + bytes(100))):
        (tmp_path / name).write_bytes(content)
        assert make_preview(tmp_path / name, LARGEST) is None
    assert make_preview(tmp_path / "nothing", LARGEST) is None
    assert make_preview(tmp_path, LARGEST) is None


@settings(max_examples=15)
@given(place=st.integers(0, 10_000), wrong=st.binary(min_size=1, max_size=30), kind=st.sampled_from(["PNG", "JPEG", "GIF", "WEBP"]))
def test_damaged_pictures_do_no_harm(tmp_path_factory: pytest.TempPathFactory, place: int, wrong: bytes, kind: str) -> None:
    path = picture(tmp_path_factory.mktemp("damaged") / "p", kind=kind)
    content = bytearray(path.read_bytes())
    place %= len(content)
    content[place : place + len(wrong)] = wrong
    path.write_bytes(content)
    preview = make_preview(path, LARGEST)
    assert preview is None or len(preview.pixels) == 3 * preview.size[0] * preview.size[1]


def test_a_decoder_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "SECONDS", 0.5)
    os.mkfifo(tmp_path / "p.png")
    assert make_preview(tmp_path / "p.png", LARGEST) is None


def test_a_decoder_that_says_too_much_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for says in ("bytes(10**9)", "struct.pack('>4I', 1, 1, 10**6, 10**6)", "struct.pack('>4I', 1, 1, 10, 10) + bytes(299)", "b'x'"):
        decoder = tmp_path / "decoder.py"
        decoder.write_text(f"import struct, sys; sys.stdout.buffer.write({says})")
        monkeypatch.setattr(previews, "_DECODER", decoder)
        assert make_preview(tmp_path / "p.png", LARGEST) is None


def test_several_at_once(tmp_path: Path) -> None:
    path, made = picture(tmp_path / "p.png"), list[Preview | None]()
    threads = [threading.Thread(target=lambda: made.append(make_preview(path, LARGEST))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 3
    assert None not in made
