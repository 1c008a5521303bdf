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
class CertainFacts:
    """`done_to`: number up to which each source that is not ended is done; `said`: its last, as the operator has it
    from the source. `in_part`: the operator says that files of a part of the register are all there is to read."""

    restored_at: datetime
    backup_made_at: datetime
    import_runs: bool
    read: Sequence[ReadFile]
    drivers: int
    done_to: Mapping[SourceId, int]
    said: Mapping[SourceId, int]
    in_part: bool = False


def decide_certain(facts: CertainFacts) -> Certain | NotCertain:
    """Whether every change of standing that a backup does not know is known again.

    Files drawn after the restore know everything. Else what was lost came by the sources, each of which has told it
    again up to its last number; or, where there is no source, by files, which were drawn after the backup.
    Source: threats T18 (a restored old backup resurrects no status); docs/how-to/back-up.md.
    """
    if facts.import_runs:
        return NotCertain.IMPORT_RUNS
    if _rows_since(facts, facts.restored_at) >= max(1, facts.drivers):
        return Certain.REGISTER
    if facts.done_to:
        if not facts.done_to.keys() <= facts.said.keys():
            return NotCertain.SOURCE_NOT_SAID
        if any(facts.said[source] > done for source, done in facts.done_to.items()):
            return NotCertain.SOURCE_BEHIND
        return Certain.FEED
    rows = _rows_since(facts, facts.backup_made_at)
    if not rows:
        return NotCertain.REGISTER_NOT_READ
    if rows < facts.drivers and not facts.in_part:
        return NotCertain.REGISTER_READ_IN_PART
    return Certain.REGISTER


def _rows_since(facts: CertainFacts, since: datetime) -> int:
    return sum(file.rows for file in facts.read if file.as_of is not None and file.as_of >= since)
