"""Times as SQLite keeps them: written by ourselves, as SQLAlchemy would."""

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from collab.core.models import UtcDateTime

DIALECT = sqlite.dialect()
#: Away from the ends of the calendar, which no zone may lead over.
MOMENTS = st.datetimes(
    min_value=datetime(1, 1, 3),
    max_value=datetime(9999, 12, 29),
    timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)


def kept(moment):
    """Return what a statement gives the driver."""
    return UtcDateTime().dialect_impl(DIALECT).bind_processor(DIALECT)(moment)


@given(MOMENTS)
def test_a_time_is_kept_as_sqlalchemy_keeps_it(moment):
    theirs = sqlite.DATETIME().bind_processor(DIALECT)
    assert kept(moment) == theirs(UtcDateTime().process_bind_param(moment, DIALECT))


def test_no_time_is_kept_as_none():
    assert kept(None) is None
