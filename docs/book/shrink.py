"""A picture as git keeps it: no wider than it is looked at, in few colours, the same bytes from the same picture."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

PICTURES = Path(__file__).resolve().parent / "pictures"
WIDTH, COLOURS = 900, 48


def keep_picture(picture: Image.Image, name: str, *, width: int = WIDTH) -> Path:
    """Write it as a PNG at most so wide; the file."""
    height = round(picture.height * width / picture.width)
    small = picture.convert("RGB")
    if width < picture.width:
        small = small.resize((width, height), Image.Resampling.LANCZOS)
    PICTURES.mkdir(exist_ok=True)
    small.quantize(COLOURS, dither=Image.Dither.NONE).save(PICTURES / name, optimize=True)
    return PICTURES / name
