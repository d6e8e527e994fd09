"""addresses have one spelling: accounts and invitations get it, where nobody else has it."""

import sqlalchemy as sa
from alembic import op

from collab.core.text.addresses import folded

revision = "one_mailbox"
down_revision = "stream_tickets"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give each account and each invitation the one spelling of its address.

    Two accounts of one mailbox may be there. They stay two: whoever has the one spelling already
    keeps it, else the older account gets it. The other one is logged in to by the spelling that it
    was made with, and no new account can have that. What invites the mailbox is for the first one.
    """
    _respell_accounts(op.get_bind())
    _respell_invitations(op.get_bind())


def _respell_accounts(connection: sa.Connection) -> None:
    rows = connection.execute(sa.text("SELECT id, email FROM users ORDER BY id")).all()
    taken = {row.email for row in rows}
    for row in rows:
        found = folded(row.email)
        if found in taken:
            continue
        taken = (taken - {row.email}) | {found}
        values = {"id": row.id, "email": found, "mailbox": found.partition("@")[0]}
        statement = "UPDATE users SET email = :email, mailbox = :mailbox WHERE id = :id"
        connection.execute(sa.text(statement), values)


def _respell_invitations(connection: sa.Connection) -> None:
    """Respell what was not accepted; of two of a project for one mailbox the newer one goes."""
    query = "SELECT id, project_id, email FROM invitations ORDER BY id"
    rows = connection.execute(sa.text(query)).all()
    taken = {(row.project_id, row.email) for row in rows}
    for row in rows:
        found = folded(row.email)
        if found == row.email:
            continue
        if (row.project_id, found) in taken:
            statement, values = "DELETE FROM invitations WHERE id = :id", {"id": row.id}
        else:
            taken.add((row.project_id, found))
            statement = "UPDATE invitations SET email = :email WHERE id = :id"
            values = {"id": row.id, "email": found}
        connection.execute(sa.text(statement), values)


def downgrade() -> None:
    """Leave the spellings as they are: those before them are not known any more."""
