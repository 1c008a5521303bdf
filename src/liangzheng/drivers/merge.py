"""What becomes of each row of a chunk, given what the register already has. Facts in, decisions out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from liangzheng.drivers.chunk import Chunk, row_hash_of, texts_of
from liangzheng.drivers.rules import Broken
from liangzheng.drivers.split import Reject


@dataclass(frozen=True, slots=True)
class Known:
    """A record as an import sees it at a glance."""

    driver_id: UUID
    row_hash: bytes
    import_number: int
    import_line: int


@dataclass(frozen=True, slots=True)
class Register:
    """What the register knows of the numbers in a chunk: hash → owner; owner → record; hash → line met
    unchanged before."""

    identities: Mapping[bytes, UUID]
    files: Mapping[bytes, UUID]
    records: Mapping[UUID, Known]
    seen: Mapping[bytes, int]


@dataclass(slots=True)
class Merge:
    """Places of rows in the chunk by what is to be done with them. `changed`: place → record."""

    fresh: list[int] = field(default_factory=list)
    changed: dict[int, UUID] = field(default_factory=dict)
    unchanged: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


def decide_rows(
    chunk: Chunk, identities: Sequence[bytes], files: Sequence[bytes], register: Register, run_number: int
) -> Merge:
    """New, changed, unchanged or refused, for every row of a chunk in the order of its lines.

    `identities` and `files`: the look-up hashes of the rows' numbers.

    The first line about a person counts, later ones in the same file are refused; so is a file number of
    another driver. Running a file again decides the same, because what a run met is known from the records it
    wrote and from `seen`.
    """
    merge = Merge()
    met: dict[bytes, int] = {}
    files_met: dict[bytes, int] = {}
    for place, (line, identity, file) in enumerate(zip(chunk.lines, identities, files, strict=True)):
        owner = register.identities.get(identity)
        record = register.records.get(owner) if owner else None
        earlier = met.get(identity) or register.seen.get(identity)
        if record is not None and record.import_number == run_number:
            earlier = record.import_line
        broken = _refusal(owner, record, earlier, files_met.get(file), register.files.get(file))
        if broken is not None:
            merge.rejects.append(Reject(line, (broken,), texts_of(chunk.rows[place])))
            continue
        met[identity] = files_met[file] = line
        if record is None:
            merge.fresh.append(place)
        elif record.row_hash == row_hash_of(chunk.rows[place]):
            merge.unchanged.append(place)
        else:
            merge.changed[place] = record.driver_id
    return merge


def _refusal(
    owner: UUID | None,
    record: Known | None,
    earlier: int | None,
    file_line: int | None,
    file_owner: UUID | None,
) -> Broken | None:
    if earlier is not None:
        return Broken(
            "document_number", "twice", f"one line for each person (line {earlier} is about the same)"
        )
    if owner is not None and record is None:
        return Broken("document_number", "index", "a number that is in the index has a record (run fsck)")
    if file_line is not None:
        return Broken(
            "file_number", "twice", f"one driver for each file number (line {file_line} has the same)"
        )
    if file_owner is not None and file_owner != owner:
        return Broken("file_number", "taken", "a file number that is not another driver's")
    return None
