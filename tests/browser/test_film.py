"""The film for the browser's camera: a code on it can be read, a wall cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import zxingcpp
from PIL import Image

from liangzheng.cli.browser import camera
from liangzheng.cli.qr import draw_qr


def frames(path: Path) -> list[Any]:
    head, *pictures = path.read_bytes().split(b"FRAME\n")
    assert head.startswith(b"YUV4MPEG2 W1280 H720 ")
    size = camera.WIDTH * camera.HEIGHT
    assert all(len(picture) == size * 3 // 2 for picture in pictures)
    return [Image.frombytes("L", (camera.WIDTH, camera.HEIGHT), picture[:size]) for picture in pictures]


def test_a_filmed_code_can_be_read(tmp_path: Path) -> None:
    code, film = tmp_path / "code.png", tmp_path / "film.y4m"
    draw_qr("LZ1:" + "ABCDEFGHJK0123456789" * 30, code)
    camera.film_code(film, code.read_bytes())
    [frame] = frames(film)
    assert [found.text[:4] for found in zxingcpp.read_barcodes(frame)] == ["LZ1:"]


def test_a_wall_shows_no_code(tmp_path: Path) -> None:
    film = tmp_path / "film.y4m"
    camera.film_noise(film)
    assert [zxingcpp.read_barcodes(frame) for frame in frames(film)] == [[]]
