"""A connection to PostgreSQL whose errors show no values.

The server quotes the row that it refuses (`Failing row contains (…)`), the key that exists already,
or the value and its line in a COPY. Errors go to the log, and values may be secrets. The first line
names the constraint and the column.
"""

from __future__ import annotations

import re
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen

#: The first letters of SQLSTATE where the first line itself quotes a value: data exceptions.
DATA_EXCEPTION = "22"
#: From the first quotation mark to the last one: a value may contain some, too.
_QUOTED = re.compile('".*"', re.DOTALL)
HIDDEN_VALUE = "***"


class DiscreetConnection(psycopg.Connection[Any]):
    """psycopg's connection, without values in what it raises."""

    def wait(self, gen: PQGen[RV], *args: Any, **kwargs: Any) -> RV:
        """Run what every call of the server goes through."""
        try:
            return super().wait(gen, *args, **kwargs)
        except psycopg.Error as error:
            hide_values(error)
            raise


def hide_values(error: psycopg.Error) -> None:
    """Keep only the first line of the server's message, without a value in it."""
    said = error.diag.message_primary
    if said is None:  # it is not the server's
        return
    if (error.sqlstate or "").startswith(DATA_EXCEPTION):
        said = _QUOTED.sub(HIDDEN_VALUE, said)
    error.args = (said,)
