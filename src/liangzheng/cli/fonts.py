"""`./lz fonts`: which font files rare characters of names are drawn from, and what they have."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from liangzheng.infra.fonts import Fonts, sha256_of
from liangzheng.infra.settings import Settings
from liangzheng.kernel.ideographs import rare
from liangzheng.licences import wanted_in

app = typer.Typer()

_BLOCKS: Final = (
    ("A", 0x3400, 0x4DBF), ("B", 0x20000, 0x2A6DF), ("C", 0x2A700, 0x2B73F), ("D", 0x2B740, 0x2B81F),
    ("E", 0x2B820, 0x2CEAF), ("F", 0x2CEB0, 0x2EBEF), ("G", 0x30000, 0x3134F), ("H", 0x31350, 0x323AF),
)  # fmt: skip


@app.command()
def fonts(
    text: Annotated[
        str, typer.Argument(help="A name, to see which file draws which of its characters. 姓名")
    ] = "",
) -> None:
    """The font files of LZ_FONTS and how much of each extension they have; with a text, what of it is rare and who draws it.

    发证时用来绘制生僻字的字体文件及其字数；给出姓名时逐字说明由哪个文件绘制。
    """
    chosen = Fonts.named(Settings.from_env().fonts)
    if not chosen.files:
        typer.echo(
            "no font files: rare characters are left to the phone, their code points are shown  无字体文件\n"
            "apt-get install -y --no-install-recommends fonts-hanazono fonts-noto-cjk, or LZ_FONTS"
        )
    for file in chosen.files:
        face = chosen.face(file)
        has = (
            "cannot be used"
            if face is None
            else " ".join(f"{name} {face.count(*run)}" for name, *run in _BLOCKS)
        )
        typer.echo(f"{file}  {has}\n    SHA-256 {sha256_of(file)}")
    wanted = wanted_in(text)
    for character in rare(text):
        drawn_as = wanted.get(character)
        drawer = chosen.who_draws(drawn_as) if drawn_as else None
        stands = f" as U+{ord(drawn_as):04X}" if drawn_as and drawn_as != character else ""
        typer.echo(
            f"{character} U+{ord(character):04X}{stands}: {drawer or 'no font: its code point is shown'}"
        )
    if text and not rare(text):
        typer.echo("no character of it is rare  无生僻字")
    drawn = chosen.draw(wanted)
    if drawn.octets is not None:
        typer.echo(f"a font of {len(drawn.octets)} octets goes into the licence")
