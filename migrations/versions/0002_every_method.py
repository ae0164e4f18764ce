"""Every way to verify, and the policies that decide among them.

What tenants had set of times and rows becomes their default policy.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
# What the settings of a tenant were when nobody had changed them.
_FIRST = {"other_contact_needs_note": True, "minutes_alive": 5, "minutes_green": 60, "history_rows": 10}


def upgrade() -> None:
    op.create_table(
        "policies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("integration_id", sa.Integer(), nullable=True),
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("company_name", sa.String(length=160), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column("changed_by", sa.String(length=120), nullable=False),
        sa.Column("risk", sa.Text(), nullable=False, server_default=""),
        sa.Column("risk_accepted_at", _TIME, nullable=True),
        sa.Column("risk_accepted_by", sa.String(length=120), nullable=False, server_default=""),
        *_of_tenant("policies"),
        _of_integration("policies"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policies")),
    )
    op.create_index(
        "uq_policies_default", "policies", ["tenant_id"], unique=True,
        postgresql_where=sa.text("integration_id IS NULL"), sqlite_where=sa.text("integration_id IS NULL"),
    )  # fmt: skip
    op.create_index("uq_policies_client", "policies", ["integration_id", "company"], unique=True)
    _keep_settings()
    _accounts()
    op.create_table(
        "brandings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("public_key", sa.String(length=26), nullable=False),
        sa.Column("accent", sa.String(length=7), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("footer", sa.Text(), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("logo", sa.LargeBinary(), nullable=True),
        sa.Column("changed_at", _TIME, nullable=False),
        *_of_tenant("brandings"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brandings")),
        sa.UniqueConstraint("public_key", name=op.f("uq_brandings_public_key")),
        sa.UniqueConstraint("tenant_id", name=op.f("uq_brandings_tenant_id")),
    )
    op.create_table(
        "sightings",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("integration_id", sa.Integer(), nullable=False),
        sa.Column("contact", sa.String(length=40), nullable=False),
        sa.Column("destination_key", sa.String(length=64), nullable=False),
        sa.Column("number_key", sa.String(length=64), nullable=False),
        sa.Column("fresh", sa.Boolean(), nullable=False),
        sa.Column("first_seen_at", _TIME, nullable=False),
        sa.Column("last_seen_at", _TIME, nullable=False),
        *_of_tenant("sightings"),
        _of_integration("sightings"),
        sa.PrimaryKeyConstraint("tenant_id", "integration_id", "contact", "destination_key", name=op.f("pk_sightings")),
    )
    op.create_index(
        op.f("ix_sightings_tenant_id_integration_id_number_key"),
        "sightings",
        ["tenant_id", "integration_id", "number_key"],
    )
    for name, kind, default in (
        ("link_hash", sa.String(length=64), None),
        ("strength", sa.String(length=1), "C"),
        ("worth", sa.String(length=160), ""),
        ("marked", sa.Boolean(), sa.false()),
        ("digits", sa.Boolean(), sa.false()),
        ("summary", sa.Text(), None),
        ("terms", sa.Text(), ""),
        ("alarm", sa.Boolean(), sa.false()),
        ("read_out", sa.Text(), None),
        ("note", sa.Text(), None),
    ):
        # The default serves the rows that are there, and an older release that still writes during an upgrade.
        op.add_column("verifications", sa.Column(name, kind, nullable=default is None, server_default=default))
    op.create_index(
        "uq_verifications_link", "verifications", ["link_hash"], unique=True,
        postgresql_where=sa.text("link_hash IS NOT NULL"), sqlite_where=sa.text("link_hash IS NOT NULL"),
    )  # fmt: skip
    op.add_column("outbox", sa.Column("held", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "ix_outbox_held", "outbox", ["ended_at"], postgresql_where=sa.text("held"), sqlite_where=sa.text("held")
    )
    op.add_column("sms_accounts", sa.Column("voice_sender", sa.String(length=34), nullable=False, server_default=""))
    op.add_column("tenants", sa.Column("tools", sa.String(length=120), nullable=False, server_default=""))
    op.execute("UPDATE tenants SET tools = 'sms' WHERE id IN (SELECT tenant_id FROM sms_accounts)")
    for name in _FIRST:
        op.drop_column("tenants", name)


def _keep_settings() -> None:
    """Make a default policy of what each tenant had set."""
    connection = op.get_bind()
    tenants = sa.table("tenants", sa.column("id"), *(sa.column(name) for name in _FIRST))
    policies = sa.table(
        "policies", sa.column("tenant_id"), sa.column("company"), sa.column("company_name"), sa.column("settings"),
        sa.column("version"), sa.column("changed_at", _TIME), sa.column("changed_by"),
    )  # fmt: skip
    for row in connection.execute(sa.select(tenants)).mappings().all():
        said = {name: type(value)(row[name]) for name, value in _FIRST.items() if row[name] != value}
        if said:
            connection.execute(
                policies.insert().values(
                    tenant_id=row["id"],
                    company="",
                    company_name="",
                    settings=json.dumps(said, sort_keys=True),
                    version=1,
                    changed_at=datetime.now(UTC),
                    changed_by="upgrade",
                )
            )


def _accounts() -> None:
    op.create_table(
        "mail_accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(length=200), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("security", sa.String(length=8), nullable=False),
        sa.Column("username", sa.String(length=254), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("from_address", sa.String(length=254), nullable=False),
        sa.Column("reply_to", sa.String(length=254), nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        *_of_tenant("mail_accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_accounts")),
        sa.UniqueConstraint("tenant_id", name=op.f("uq_mail_accounts_tenant_id")),
    )
    op.create_table(
        "duo_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("host", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column("checked_at", _TIME, nullable=True),
        *_of_tenant("duo_keys"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duo_keys")),
        sa.UniqueConstraint("tenant_id", "kind", name=op.f("uq_duo_keys_tenant_id_kind")),
    )
    op.create_table(
        "duo_people",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("integration_id", sa.Integer(), nullable=False),
        sa.Column("contact", sa.String(length=40), nullable=False),
        sa.Column("email_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("found_by", sa.String(length=20), nullable=False),
        sa.Column("found_at", _TIME, nullable=False),
        *_of_tenant("duo_people"),
        _of_integration("duo_people"),
        sa.PrimaryKeyConstraint("tenant_id", "integration_id", "contact", name=op.f("pk_duo_people")),
    )
    op.create_table(
        "microsoft_apps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("directory", sa.String(length=36), nullable=False),
        sa.Column("client_id", sa.String(length=36), nullable=False),
        sa.Column("client_secret", sa.Text(), nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        *_of_tenant("microsoft_apps"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_microsoft_apps")),
        sa.UniqueConstraint("tenant_id", name=op.f("uq_microsoft_apps_tenant_id")),
    )
    op.create_table(
        "microsoft_directories",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("integration_id", sa.Integer(), nullable=False),
        sa.Column("company", sa.String(length=40), nullable=False),
        sa.Column("company_name", sa.String(length=160), nullable=False),
        sa.Column("directory", sa.String(length=36), nullable=False),
        sa.Column("organisation", sa.String(length=160), nullable=False),
        sa.Column("consent_state", sa.String(length=64), nullable=False),
        sa.Column("consent_begun_at", _TIME, nullable=True),
        sa.Column("consented_at", _TIME, nullable=True),
        sa.Column("push_enabled", sa.Boolean(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("private_key", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("credential_ends_at", _TIME, nullable=True),
        sa.Column("checked_at", _TIME, nullable=True),
        sa.Column("checking_since", _TIME, nullable=True),
        sa.Column("problem", sa.String(length=400), nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        *_of_tenant("microsoft_directories"),
        _of_integration("microsoft_directories"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_microsoft_directories")),
        sa.UniqueConstraint("integration_id", "company", name=op.f("uq_microsoft_directories_integration_id_company")),
    )
    op.create_table(
        "microsoft_sign_in_flows",
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("verification", sa.String(length=26), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("begun_at", _TIME, nullable=False),
        sa.Column("used_at", _TIME, nullable=True),
        *_of_tenant("microsoft_sign_in_flows"),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_microsoft_sign_in_flows")),
    )


def _of_tenant(table: str) -> tuple[sa.ForeignKeyConstraint]:
    return (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f(f"fk_{table}_tenant_id"), ondelete="RESTRICT"),
    )


def _of_integration(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["integration_id"], ["integrations.id"], name=op.f(f"fk_{table}_integration_id"), ondelete="CASCADE"
    )


def downgrade() -> None:
    op.drop_index("uq_verifications_link", "verifications")
    op.drop_index("ix_outbox_held", "outbox")
    for table, names in (
        ("verifications", ("link_hash", "strength", "worth", "marked", "digits", "summary", "terms", "alarm")),
        ("verifications", ("read_out", "note")),
        ("outbox", ("held",)),
        ("sms_accounts", ("voice_sender",)),
        ("tenants", ("tools",)),
    ):
        for name in names:
            op.drop_column(table, name)
    for name, value in _FIRST.items():
        whole = not isinstance(value, bool)
        kind, default = (sa.Integer(), str(value)) if whole else (sa.Boolean(), sa.true())
        op.add_column("tenants", sa.Column(name, kind, nullable=False, server_default=default))
    for table in (
        "sightings", "brandings", "microsoft_sign_in_flows", "microsoft_directories", "microsoft_apps", "duo_people",
        "duo_keys", "mail_accounts", "policies",
    ):  # fmt: skip
        op.drop_table(table)
