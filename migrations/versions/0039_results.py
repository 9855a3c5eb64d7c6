"""Indicators, who owes their numbers, baselines and targets, agreements, and measurements."""

import sqlalchemy as sa
from alembic import op

revision = "0039_results"
down_revision = "0038_things"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
PRESENT = sa.text("replaced_by_number IS NULL")
INDICATOR = ["indicator.partnership_id", "indicator.number"]
MEMBERSHIP = ["membership.partnership_id", "membership.id"]
ENTRY = ["entry.partnership_id", "entry.number"]


def number() -> sa.types.TypeEngine:
    """Exact decimals: SQLite, which has floats only, counts steps of 0.0001."""
    return sa.BigInteger() if op.get_bind().dialect.name == "sqlite" else sa.Numeric(20, 4)


def upgrade() -> None:
    """Towards the newer version."""
    op.add_column("partnership", sa.Column("indicator_count", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("partnership") as partnership:
        partnership.alter_column("indicator_count", server_default=None)
    op.create_table(
        "indicator",
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("unit", sa.String(20), nullable=False),
        sa.Column("decimals", sa.Integer(), nullable=False),
        sa.Column("direction", sa.String(20), nullable=False),
        sa.Column("measures", sa.String(20), nullable=False),
        sa.Column("rhythm", sa.String(20), nullable=False),
        sa.Column("pooling", sa.String(20), nullable=False),
        sa.Column("goal", sa.Integer(), nullable=True),
        sa.Column("goal_target", sa.String(5), nullable=False),
        sa.Column("role_id", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_main", sa.Boolean(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=False),
        sa.Column("one_time_key", sa.String(36), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("retired_at", MOMENT, nullable=True),
        sa.Column("has_numbers", sa.Boolean(), nullable=False),
        sa.Column("terms", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _key("indicator", ["partnership_id", "number"], ENTRY),
        _key("indicator", ["partnership_id", "created_by_id"], MEMBERSHIP),
        _key("indicator", ["partnership_id", "role_id"], ["role.partnership_id", "role.id"]),
        sa.UniqueConstraint("created_by_id", "one_time_key", name="uq_indicator_created_by_id_one_time_key"),
        sa.PrimaryKeyConstraint("partnership_id", "number", name="pk_indicator"),
    )
    op.create_table(
        "indicator_source",
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("indicator_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("reporter_id", sa.Integer(), nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        _key("indicator_source", ["partnership_id", "indicator_number"], INDICATOR),
        _key("indicator_source", ["partnership_id", "reporter_id"], MEMBERSHIP),
        _key("indicator_source", ["organisation_id"], ["organisation.id"]),
        sa.PrimaryKeyConstraint("partnership_id", "indicator_number", "organisation_id", name="pk_indicator_source"),
    )
    op.create_index(
        "ix_indicator_source_partnership_id_organisation_id", "indicator_source", ["partnership_id", "organisation_id"]
    )
    op.create_table(
        "reference_value",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("indicator_number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("value", number(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        _key("reference_value", ["partnership_id", "indicator_number"], INDICATOR),
        _key("reference_value", ["partnership_id", "membership_id"], MEMBERSHIP),
        _key("reference_value", ["organisation_id"], ["organisation.id"]),
        sa.PrimaryKeyConstraint("id", name="pk_reference_value"),
    )
    op.create_index(
        "ix_reference_value_partnership_id_indicator_number",
        "reference_value",
        ["partnership_id", "indicator_number", "id"],
    )
    op.create_table(
        "agreement",
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("indicator_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("side", sa.String(20), nullable=False),
        sa.Column("terms", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        _key("agreement", ["partnership_id", "indicator_number"], INDICATOR),
        _key("agreement", ["partnership_id", "membership_id"], MEMBERSHIP),
        sa.PrimaryKeyConstraint("partnership_id", "indicator_number", "side", "terms", name="pk_agreement"),
    )
    op.create_table(
        "measurement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("indicator_number", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("numerator", number(), nullable=True),
        sa.Column("denominator", number(), nullable=True),
        sa.Column("value", number(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("evidence", sa.String(500), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("entry_number", sa.Integer(), nullable=False),
        sa.Column("replaced_by_number", sa.Integer(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        _key("measurement", ["partnership_id", "indicator_number"], INDICATOR),
        _key("measurement", ["partnership_id", "membership_id"], MEMBERSHIP),
        _key("measurement", ["partnership_id", "entry_number"], ENTRY),
        _key("measurement", ["partnership_id", "replaced_by_number"], ENTRY),
        _key("measurement", ["organisation_id"], ["organisation.id"]),
        sa.PrimaryKeyConstraint("id", name="pk_measurement"),
    )
    present = ["partnership_id", "indicator_number", "organisation_id", "to_day"]
    where = {"sqlite_where": PRESENT, "postgresql_where": PRESENT}
    op.create_index("uq_measurement_present", "measurement", present, unique=True, **where)
    by_period = ["partnership_id", "indicator_number", "to_day"]
    op.create_index("ix_measurement_present_to_day", "measurement", by_period, **where)
    op.create_index("ix_measurement_partnership_id_indicator_number_to_day", "measurement", by_period)
    op.create_index("ix_measurement_partnership_id_entry_number", "measurement", ["partnership_id", "entry_number"])


def _key(table: str, columns: list[str], target: list[str]) -> sa.ForeignKeyConstraint:
    named = "_".join(columns)
    return sa.ForeignKeyConstraint(columns, target, name=f"fk_{table}_{named}_{target[0].split('.')[0]}")


def downgrade() -> None:
    """Back to the version before."""
    for table in ("measurement", "agreement", "reference_value", "indicator_source", "indicator"):
        op.drop_table(table)
    with op.batch_alter_table("partnership") as partnership:
        partnership.drop_column("indicator_count")
