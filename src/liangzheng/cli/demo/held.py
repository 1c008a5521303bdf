"""What a step of the story says when it does not hold."""

from __future__ import annotations


class StepFailed(Exception):
    """A step of the story did not hold; the text says which check."""


def hold(checked: bool, what: str) -> None:
    """Raises StepFailed unless `checked`."""
    if not checked:
        raise StepFailed(what)
