"""An integration holds the fields of any PSA, no longer those of ConnectWise alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from podserver.security.sealing import SealedFields, SealedText

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


_INTEGRATIONS = sa.table(
    "integrations",
    sa.column("id", sa.Integer),
    sa.column("site", sa.String),
    sa.column("company", sa.String),
    sa.column("client_id", sa.String),
    sa.column("public_key", SealedText),
    sa.column("private_key", SealedText),
    sa.column("values", sa.JSON),
    sa.column("secrets", SealedFields),
)


def upgrade() -> None:
    with op.batch_alter_table("integrations") as table:
        table.alter_column("site", type_=sa.String(length=300), existing_type=sa.String(length=200))
        table.alter_column("origin", type_=sa.String(length=600), existing_type=sa.String(length=200))
        table.add_column(sa.Column("values", sa.JSON(), nullable=False, server_default="{}"))
        table.add_column(sa.Column("secrets", sa.Text(), nullable=True))
    _move()
    with op.batch_alter_table("integrations") as table:
        table.alter_column("secrets", nullable=False, existing_type=sa.Text())
        table.alter_column("values", server_default=None, existing_type=sa.JSON(), existing_nullable=False)
        for name in ("company", "client_id", "public_key", "private_key"):
            table.drop_column(name)


def _move() -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.select(_INTEGRATIONS)).all():
        connection.execute(
            _INTEGRATIONS.update()
            .where(_INTEGRATIONS.c.id == row.id)
            .values(
                {
                    "site": f"{row.site}, {row.company}",
                    "values": {"site": row.site, "company": row.company, "client_id": row.client_id},
                    "secrets": {"public_key": row.public_key, "private_key": row.private_key},
                }
            )
        )


def downgrade() -> None:
    """Connections to other PSAs go with it, as the former tables have no place for them."""
    op.execute(sa.text("DELETE FROM integrations WHERE psa <> 'connectwise'"))
    with op.batch_alter_table("integrations") as table:
        for name, kind in (
            ("company", sa.String(length=50)),
            ("client_id", sa.String(length=36)),
            ("public_key", sa.Text()),
            ("private_key", sa.Text()),
        ):
            table.add_column(sa.Column(name, kind, nullable=False, server_default=""))
    _move_back()
    with op.batch_alter_table("integrations") as table:
        table.drop_column("values")
        table.drop_column("secrets")
        table.alter_column("site", type_=sa.String(length=200), existing_type=sa.String(length=300))
        table.alter_column("origin", type_=sa.String(length=200), existing_type=sa.String(length=600))


def _move_back() -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.select(_INTEGRATIONS)).all():
        connection.execute(
            _INTEGRATIONS.update()
            .where(_INTEGRATIONS.c.id == row.id)
            .values({**{name: row.values[name] for name in ("site", "company", "client_id")}, **row.secrets})
        )
