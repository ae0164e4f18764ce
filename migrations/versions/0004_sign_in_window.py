"""The sign-in window: tickets that lead from a frame to a window of its own and back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sign_in_windows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("integration_id", sa.Integer(), nullable=False),
        sa.Column("handle_hash", sa.String(length=64), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("record", sa.String(length=60), nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("begun_at", _TIME, nullable=False),
        sa.Column("wrong_numbers", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", _TIME, nullable=True),
        sa.Column("used_at", _TIME, nullable=True),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_sign_in_windows_tenant_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integrations.id"], name=op.f("fk_sign_in_windows_integration_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sign_in_windows_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_windows")),
        sa.UniqueConstraint("handle_hash", name=op.f("uq_sign_in_windows_handle_hash")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_sign_in_windows_secret_hash")),
    )
    op.create_index(op.f("ix_sign_in_windows_integration_id"), "sign_in_windows", ["integration_id"])


def downgrade() -> None:
    op.drop_table("sign_in_windows")
