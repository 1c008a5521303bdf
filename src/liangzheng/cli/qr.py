"""QR symbols: a code out of a picture, a picture or characters out of a code."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from liangzheng.kernel.errors import Invalid, TooLarge

LARGEST_FILE: Final = 16 * 1024 * 1024
_MOST_PIXELS: Final = 50_000_000


def read_qr(path: Path) -> str:
    """The text of the one QR symbol in a picture (PNG, JPEG, WebP, GIF, BMP). Raises Invalid, TooLarge."""
    import zxingcpp
    from PIL import Image, UnidentifiedImageError

    if path.stat().st_size > LARGEST_FILE:
        raise TooLarge(f"a picture has at most {LARGEST_FILE // 1024 // 1024} MiB", place=path.name)
    try:
        with Image.open(path, formats=("PNG", "JPEG", "WEBP", "GIF", "BMP")) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise TooLarge(f"a picture has at most {_MOST_PIXELS:,} pixels", place=path.name)
            grey = picture.convert("L")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        raise Invalid(path.name, "a PNG, JPEG, WebP, GIF or BMP picture") from None
    symbols: Any = zxingcpp.read_barcodes(grey)
    texts = {found.text for found in symbols if found.format == zxingcpp.BarcodeFormat.QRCode}
    if len(texts) != 1:
        raise Invalid(path.name, f"one QR code in the picture ({len(texts)} were found)")
    return str(texts.pop())


def draw_qr(text: str, path: Path, *, module_px: int = 6) -> None:
    """Writes a PNG of the symbol, level L, with its quiet zone."""
    from PIL import Image

    dark = _modules(text)
    side = len(dark)
    picture = Image.new("L", (side, side), 255)
    picture.putdata([0 if cell else 255 for row in dark for cell in row])
    picture.resize((side * module_px, side * module_px), Image.Resampling.NEAREST).save(path, format="PNG")


def in_characters(text: str) -> str:
    """The symbol in half blocks, two rows a line, light on dark: for a terminal."""
    dark = _modules(text)
    if len(dark) % 2:
        dark.append([False] * len(dark[0]))
    blocks = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}
    return "\n".join(
        "".join(blocks[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(dark[::2], dark[1::2], strict=True)
    )


def _modules(text: str) -> list[list[bool]]:
    """Rows of modules, dark is True, with a quiet zone of four."""
    import zxingcpp

    symbol = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="L")
    shades: Any = memoryview(symbol.to_image(scale=1, add_quiet_zones=True))  # type: ignore[arg-type]
    return [[shade == 0 for shade in row] for row in shades.tolist()]
