"""A minimal answer as it goes over the wire: what was not agreed is not there, not even as null."""

from __future__ import annotations

from datetime import date

from pydantic import SerializerFunctionWrapHandler, model_serializer

from liangzheng.api.bodies import Answer
from liangzheng.kernel.purposes import AskedField
from liangzheng.relying import MinimalAnswer


class MayDriveAnswer(Answer):
    """Whether the driver may drive this class today: status, validity and class together."""

    class_asked: str
    allowed: bool


class ValidUntilAnswer(Answer):
    """The last day of validity; `long_term` licences have none."""

    day: date | None
    long_term: bool


class DriverAnswer(Answer):
    """What may be said of a driver: the fields agreed and no others."""

    may_drive: MayDriveAnswer | None = None
    valid_until: ValidUntilAnswer | None = None
    classes: str | None = None
    first_issue_date: date | None = None
    name: str | None = None
    masked_number: str | None = None

    @model_serializer(mode="wrap")
    def _agreed_only(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        written: dict[str, object] = write(self)
        return {name: value for name, value in written.items() if value is not None}

    @classmethod
    def of(cls, answer: MinimalAnswer) -> DriverAnswer:
        """All of it: it is minimal already."""
        may_drive = valid_until = None
        if answer.may_drive is not None and answer.class_asked is not None:
            may_drive = MayDriveAnswer(class_asked=answer.class_asked.value, allowed=answer.may_drive)
        if AskedField.VALID_UNTIL in answer.fields:
            valid_until = ValidUntilAnswer(day=answer.valid_until, long_term=bool(answer.is_long_term))
        return cls(
            may_drive=may_drive,
            valid_until=valid_until,
            classes=answer.classes,
            first_issue_date=answer.first_issue_date,
            name=answer.name,
            masked_number=answer.masked_number,
        )
