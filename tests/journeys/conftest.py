"""`place`: a deployment over HTTP, as in tests/licences."""

from tests.licences.conftest import key_room, place  # noqa: F401
