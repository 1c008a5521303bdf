"""The act of writing a made-up register: the file, and the pack of portraits its rows name."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Final, cast

from liangzheng.drivers import draw
from liangzheng.drivers.columns import HEADERS, CodeTables
from liangzheng.drivers.damage import DAMAGES
from liangzheng.drivers.generate import MOST_DRIVERS, Generator
from liangzheng.drivers.pack import write_pack
from liangzheng.kernel.errors import Invalid, Unavailable

_LINES_AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True)
class GenerateOptions:
    """`damaged`: share of lines made wrong on purpose, in known ways. `portraits`: how many pictures drivers
    share."""

    drivers: int
    seed: int
    as_of: date
    portraits: int = 200
    damaged: float = 0.0
    encoding: str = "utf-8"


@dataclass(frozen=True, slots=True)
class GenerateReport:
    """What was written; `pack` is None when no portraits were wanted. `damaged` counts the lines made wrong."""

    path: Path
    pack: Path | None
    drivers: int
    damaged: int


def pack_beside(register: Path) -> Path:
    """The pack that belongs to a register file: `x.csv` and `x.csv.gz` have `x.portraits.tar`."""
    name = register.name.removesuffix(".gz").removesuffix(".csv")
    return register.with_name(name + ".portraits.tar")


def generate_register(
    path: Path, tables: CodeTables, options: GenerateOptions, on_lines: Callable[[int], None] = lambda _: None
) -> GenerateReport:
    """The file (packed when its name ends in .gz) and the pack beside it are written; the same options give
    the same octets.

    Raises Invalid for options out of range, Unavailable when a file cannot be written.
    """
    if (
        not 0 <= options.drivers <= MOST_DRIVERS
        or not 0 <= options.damaged <= 1
        or not 0 <= options.portraits <= 10_000
    ):
        raise Invalid("options", f"drivers 0 to {MOST_DRIVERS}, damaged 0 to 1, portraits 0 to 10,000")
    pack = pack_beside(path) if options.portraits else None
    try:
        pictures = (draw.portrait(options.seed, number) for number in range(options.portraits))
        names = write_pack(pack, pictures) if pack else []
        generator = Generator(tables, seed=options.seed, as_of=options.as_of, portraits=names)
        with path.open("wb") as disk:
            damaged = _write(disk, path.suffix == ".gz", generator, options, on_lines)
    except OSError as trouble:
        raise Unavailable(f"{trouble.filename or path} cannot be written: {trouble.strerror}") from trouble
    return GenerateReport(path, pack, options.drivers, damaged)


def _write(
    disk: IO[bytes],
    packed: bool,
    generator: Generator,
    options: GenerateOptions,
    on_lines: Callable[[int], None],
) -> int:
    # No time and no name in the packed file, or the same register would give other octets tomorrow.
    out = cast(IO[bytes], gzip.GzipFile("", "wb", 6, disk, mtime=0)) if packed else disk
    damaged = 0
    batch = [(",".join(HEADERS) + "\n").encode(options.encoding)]
    for number, (line, is_damaged) in enumerate(_lines(generator, options), 1):
        batch.append(line)
        damaged += is_damaged
        if number % _LINES_AT_ONCE == 0:
            out.write(b"".join(batch))
            batch.clear()
            on_lines(number)
    out.write(b"".join(batch))
    if packed:
        out.close()
    return damaged


def _lines(generator: Generator, options: GenerateOptions) -> Iterator[tuple[bytes, bool]]:
    # A stream of its own, so that the good lines are the same with and without damage.
    chance = random.Random(f"liangzheng damage {options.seed}")
    encoding, share = options.encoding, options.damaged
    for _ in range(options.drivers):
        fields = generator.next_fields()
        if share and chance.random() < share:
            damage = DAMAGES[int(chance.random() * len(DAMAGES))]
            line = damage.make(fields)
            yield (
                (line if encoding == "utf-8" or damage.rule == "encoding" else _recoded(line, encoding))
                + b"\n",
                True,
            )
        else:
            yield (",".join(fields) + "\n").encode(encoding), False


def _recoded(line: bytes, encoding: str) -> bytes:
    return line.decode().encode(encoding)
