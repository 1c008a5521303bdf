"""The driver register: who may drive what, in which standing, with which photo on file.

A record is read by its driver's id; an identity number finds the id through the key index and is never a key
itself. Every change leaves the record's next version in its history, and every change of standing also a next
standing version and the event `standing.changed`, all in the caller's transaction. Files are imported chunk
by chunk and resume where a crash left them; what a file did not say anew is not touched.
"""

from __future__ import annotations

from liangzheng.drivers.change_standing import change_standing
from liangzheng.drivers.check import check
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
from liangzheng.drivers.look import (
    by_identity,
    licence_record,
    licence_records,
    matches,
    named,
    portrait_on_file,
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
from liangzheng.drivers.names import same_name, sort_key
from liangzheng.drivers.picture_process import PictureProcess
from liangzheng.drivers.portraits import PackReport, PhotoRules, check_photo, import_pack, portrait
from liangzheng.drivers.reading import code_tables
from liangzheng.drivers.store import driver as find
from liangzheng.drivers.store import ending_between, history, standing, standing_versions
from liangzheng.drivers.store_restored import raise_versions

__all__ = [
    "KEEP",
    "STANDING_CHANGED",
    "ClassHeld",
    "ClassHistory",
    "Driver",
    "GenerateOptions",
    "GenerateReport",
    "Generator",
    "ImportOptions",
    "ImportReport",
    "LicenceRecord",
    "PackReport",
    "PhotoRules",
    "PictureProcess",
    "Progress",
    "Standing",
    "StandingChange",
    "ValidityTerm",
    "by_identity",
    "change_standing",
    "check",
    "check_photo",
    "code_tables",
    "ending_between",
    "find",
    "generate_register",
    "history",
    "import_pack",
    "import_register",
    "licence_record",
    "licence_records",
    "matches",
    "named",
    "pack_beside",
    "portrait",
    "portrait_on_file",
    "raise_versions",
    "same_name",
    "sort_key",
    "standing",
    "standing_versions",
]
