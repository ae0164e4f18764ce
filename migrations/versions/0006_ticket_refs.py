"""A verification knows what people call its ticket besides the PSA's id of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Until now ``ticket`` held the id.
    with op.batch_alter_table("verifications") as table:
        table.add_column(sa.Column("ticket_ref", sa.String(length=40), nullable=False, server_default=""))
    op.execute(sa.text("UPDATE verifications SET ticket_ref = ticket"))
    with op.batch_alter_table("verifications") as table:
        table.alter_column("ticket_ref", server_default=None, existing_type=sa.String(length=40))


def downgrade() -> None:
    op.execute(sa.text("UPDATE verifications SET ticket = ticket_ref"))
    with op.batch_alter_table("verifications") as table:
        table.drop_column("ticket_ref")
