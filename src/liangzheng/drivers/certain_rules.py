"""After a restore: whether what was read since makes the register certain again. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from liangzheng.kernel.ids import SourceId


class NotCertain(StrEnum):
    """Why it is not, the first that holds."""

    IMPORT_RUNS = "import_runs"
    SOURCE_NOT_SAID = "source_not_said"
    SOURCE_BEHIND = "source_behind"
    SOURCES_IN_PART = "sources_in_part"
    REGISTER_NOT_READ = "register_not_read"
    REGISTER_READ_IN_PART = "register_read_in_part"


class Certain(StrEnum):
    """What made it certain; the words are in the database."""

    REGISTER = "register"
    FEED = "feed"


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A register file read to its end since the restore: when it was drawn, and how many of its lines were taken."""

    as_of: datetime | None
    rows: int


@dataclass(frozen=True, slots=True)
class SourceRead:
    """A source that is not ended: since when it is one, up to which number it is done, and whom it speaks for
    (two-digit prefixes of GB/T 2260)."""

    added_at: datetime
    done_to: int
    provinces: frozenset[str]


@dataclass(frozen=True, slots=True)
class CertainFacts:
    """`restored_at`: of the latest restore; `uncertain_since`: of the first that was never confirmed. `provinces`: of all
    drivers in the register, None among them where an authority is in no list. `said`: a source's last number, as the
    operator has it from the source. `in_part`: the operator says that the files read are all there is to read."""

    restored_at: datetime
    uncertain_since: datetime
    backup_made_at: datetime
    import_runs: bool
    read: Sequence[ReadFile]
    drivers: int
    provinces: frozenset[str | None]
    sources: Mapping[SourceId, SourceRead]
    said: Mapping[SourceId, int]
    in_part: bool = False


def decide_certain(facts: CertainFacts) -> Certain | NotCertain:
    """Whether every change of standing that a backup does not know is known again.

    A file of the whole register drawn after the restore knows everything. Else what was lost came by the sources, each
    of which has told it again up to its last number; and, where they do not speak for every province with drivers, by
    files, which were drawn after the backup. A source made after the restore has nothing to tell again and counts for
    nothing, and one that never told anything speaks for nobody. A file is of the whole register when it has as many rows
    as there are drivers; rows of several files may be of the same drivers and are not added up: with several, the
    operator says that they are all.
    Source: threats T18 (a restored old backup resurrects no status); docs/how-to/back-up.md.
    """
    if facts.import_runs:
        return NotCertain.IMPORT_RUNS
    if _largest_since(facts, facts.restored_at) >= max(1, facts.drivers):
        return Certain.REGISTER
    sources = {each: at for each, at in facts.sources.items() if at.added_at < facts.uncertain_since}
    if not sources.keys() <= facts.said.keys():
        return NotCertain.SOURCE_NOT_SAID
    if any(facts.said[each] > at.done_to for each, at in sources.items()):
        return NotCertain.SOURCE_BEHIND
    told_of = {province for at in sources.values() if at.done_to for province in at.provinces}
    if sources and facts.provinces <= told_of:
        return Certain.FEED
    rows = _largest_since(facts, facts.backup_made_at)
    if not rows:
        return NotCertain.SOURCES_IN_PART if sources else NotCertain.REGISTER_NOT_READ
    if rows < facts.drivers and not facts.in_part:
        return NotCertain.REGISTER_READ_IN_PART
    return Certain.REGISTER


def _largest_since(facts: CertainFacts, since: datetime) -> int:
    return max(
        (file.rows for file in facts.read if file.as_of is not None and file.as_of >= since), default=0
    )
