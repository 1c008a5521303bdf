"""The driver register: who may drive what, in which standing, with which photo on file.

A record is read by its driver's id; an identity number finds the id through the key index and is never a key
itself. Every change leaves the record's next version in its history, and every change of standing also a next
standing version and the event `standing.changed`, all in the caller's transaction. Files are imported chunk
by chunk and resume where a crash left them; what a file did not say anew is not touched. A register that
tells of its changes is a source: it signs what it sends, and each of its numbers has its effect once.
"""

from __future__ import annotations

from liangzheng.drivers.certain_rules import Certain
from liangzheng.drivers.change_many import REGISTER_CHANGED
from liangzheng.drivers.change_standing import change_standing
from liangzheng.drivers.check import check, probes
from liangzheng.drivers.close_cycles import close_cycles
from liangzheng.drivers.confirm_register import confirm_register
from liangzheng.drivers.correct import (
    CORRECTABLE,
    RECORD_CORRECTED,
    correct_record,
    correction,
    read_correction,
)
from liangzheng.drivers.feed_lines import LONGEST_LINE, sequence_of
from liangzheng.drivers.forget_lines import forget_lines
from liangzheng.drivers.generate import Generator
from liangzheng.drivers.generate_register import (
    GenerateOptions,
    GenerateReport,
    generate_register,
    pack_beside,
)
from liangzheng.drivers.import_register import (
    STANDING_CHANGED,
    ImportOptions,
    ImportReport,
    Progress,
    import_register,
)
from liangzheng.drivers.lifecycle import SourceState
from liangzheng.drivers.look import (
    by_file_number,
    by_identity,
    licence_record,
    licence_records,
    matches,
    named,
    portrait_on_file,
    standings,
)
from liangzheng.drivers.model import (
    KEEP,
    ClassHeld,
    ClassHistory,
    Driver,
    LicenceRecord,
    Standing,
    StandingChange,
    ValidityTerm,
)
from liangzheng.drivers.names import modern, same_name, sort_key
from liangzheng.drivers.picture_process import PictureProcess
from liangzheng.drivers.points import PointsPolicy
from liangzheng.drivers.portraits import PackReport, PhotoRules, check_photo, import_pack, portrait
from liangzheng.drivers.reading import code_tables
from liangzheng.drivers.sources import (
    add_source,
    add_source_key,
    announced_source,
    authenticate_source,
    close_gap,
    end_source,
    end_source_key,
    let_source_go_on,
    list_sources,
    prove,
    refused_lines,
    waiting_since,
)
from liangzheng.drivers.store import (
    authorities_of,
    count_of,
    ending_between,
    held_standing,
    history,
    standing,
    standing_versions,
)
from liangzheng.drivers.store import driver as find
from liangzheng.drivers.store_feed import DoneLine, RegisterSource
from liangzheng.drivers.store_letters import let_go_of_letter, put_letter
from liangzheng.drivers.store_points import ledger
from liangzheng.drivers.store_restored import RESTORE_STEP, raise_versions
from liangzheng.drivers.take_feed import (
    MOST_LINES,
    MOST_OCTETS,
    FeedAnswer,
    FeedPolicy,
    RefusedLine,
    take_feed,
)
from liangzheng.drivers.uploads import (
    LARGEST_UPLOAD,
    MOST_PART_OCTETS,
    Upload,
    UploadState,
    begin_upload,
    decide_upload,
    forget_uploads,
    import_next_upload,
    list_uploads,
    read_rejects,
    rejects_of,
    take_part,
    upload,
)

__all__ = [
    "CORRECTABLE",
    "KEEP",
    "LARGEST_UPLOAD",
    "LONGEST_LINE",
    "MOST_LINES",
    "MOST_OCTETS",
    "MOST_PART_OCTETS",
    "RECORD_CORRECTED",
    "REGISTER_CHANGED",
    "RESTORE_STEP",
    "STANDING_CHANGED",
    "Certain",
    "ClassHeld",
    "ClassHistory",
    "DoneLine",
    "Driver",
    "FeedAnswer",
    "FeedPolicy",
    "GenerateOptions",
    "GenerateReport",
    "Generator",
    "ImportOptions",
    "ImportReport",
    "LicenceRecord",
    "PackReport",
    "PhotoRules",
    "PictureProcess",
    "PointsPolicy",
    "Progress",
    "RefusedLine",
    "RegisterSource",
    "SourceState",
    "Standing",
    "StandingChange",
    "Upload",
    "UploadState",
    "ValidityTerm",
    "add_source",
    "add_source_key",
    "announced_source",
    "authenticate_source",
    "authorities_of",
    "begin_upload",
    "by_file_number",
    "by_identity",
    "change_standing",
    "check",
    "check_photo",
    "close_cycles",
    "close_gap",
    "code_tables",
    "confirm_register",
    "correct_record",
    "correction",
    "count_of",
    "decide_upload",
    "end_source",
    "end_source_key",
    "ending_between",
    "find",
    "forget_lines",
    "forget_uploads",
    "generate_register",
    "held_standing",
    "history",
    "import_next_upload",
    "import_pack",
    "import_register",
    "ledger",
    "let_go_of_letter",
    "let_source_go_on",
    "licence_record",
    "licence_records",
    "list_sources",
    "list_uploads",
    "matches",
    "modern",
    "named",
    "pack_beside",
    "portrait",
    "portrait_on_file",
    "probes",
    "prove",
    "put_letter",
    "raise_versions",
    "read_correction",
    "read_rejects",
    "refused_lines",
    "rejects_of",
    "same_name",
    "sequence_of",
    "sort_key",
    "standing",
    "standing_versions",
    "standings",
    "take_feed",
    "take_part",
    "upload",
    "waiting_since",
]
