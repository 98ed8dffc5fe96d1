"""The mail server of tests/store, for reminders."""

from tests.store.conftest import port, postbox, posting

__all__ = ["port", "postbox", "posting"]
