"""Moderators manage membership: states of a seat, invitations, links, the audit trail."""

import sqlalchemy as sa
from alembic import op

revision = "0005_members"
down_revision = "0004_mail"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
PRESENT = sa.text("ending IS NULL OR ending <> 'moved'")
OPEN = sa.text("answer = 'open'")

# A line of the trail is never changed, and goes only after a line has said that everything before a moment goes.
APPEND_ONLY = {
    "sqlite": (
        """CREATE TRIGGER trail_is_not_changed BEFORE UPDATE ON trail
           BEGIN SELECT RAISE(ABORT, 'The trail is append-only'); END""",
        """CREATE TRIGGER trail_is_not_deleted BEFORE DELETE ON trail
           WHEN NOT EXISTS (SELECT 1 FROM trail WHERE act = 'pruned' AND pruned_before > OLD.at)
           BEGIN SELECT RAISE(ABORT, 'The trail is append-only'); END""",
    ),
    "postgresql": (
        """CREATE FUNCTION trail_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN
             IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM trail WHERE act = 'pruned' AND pruned_before > OLD.at) THEN
               RETURN OLD;
             END IF;
             RAISE EXCEPTION 'The trail is append-only';
           END $$""",
        """CREATE TRIGGER trail_is_not_changed BEFORE UPDATE OR DELETE ON trail
           FOR EACH ROW EXECUTE FUNCTION trail_is_append_only()""",
        """CREATE TRIGGER trail_is_not_emptied BEFORE TRUNCATE ON trail
           FOR EACH STATEMENT EXECUTE FUNCTION trail_is_append_only()""",
    ),
}


def upgrade() -> None:
    """Towards the newer version."""
    op.add_column("partnership", sa.Column("visibility", sa.String(20), nullable=False, server_default="hidden"))
    with op.batch_alter_table("partnership") as partnership:
        partnership.alter_column("visibility", server_default=None)
    with op.batch_alter_table("membership") as membership:
        membership.add_column(sa.Column("joined_at", MOMENT, nullable=True))
        membership.add_column(sa.Column("since", MOMENT, nullable=True))
        membership.add_column(sa.Column("decided_by_id", sa.Integer(), nullable=True))
        membership.add_column(sa.Column("suspended_until", MOMENT, nullable=True))
        membership.add_column(sa.Column("ends_at", MOMENT, nullable=True))
        membership.add_column(sa.Column("ending", sa.String(20), nullable=True))
        membership.add_column(sa.Column("reason", sa.Text(), nullable=False, server_default=""))
        membership.add_column(sa.Column("asked", sa.Text(), nullable=False, server_default=""))
        membership.add_column(sa.Column("question", sa.Text(), nullable=False, server_default=""))
        membership.add_column(sa.Column("link_id", sa.Integer(), nullable=True))
        membership.drop_constraint("uq_membership_partnership_id_user_id", type_="unique")
    op.execute("UPDATE membership SET since = created_at, joined_at = created_at")
    with op.batch_alter_table("membership") as membership:
        membership.alter_column("since", existing_type=MOMENT, nullable=False)
        for name in ("reason", "asked", "question"):
            membership.alter_column(name, server_default=None)
    op.create_index(
        "uq_membership_partnership_id_user_id",
        "membership",
        ["partnership_id", "user_id"],
        unique=True,
        sqlite_where=PRESENT,
        postgresql_where=PRESENT,
    )
    op.create_index("ix_membership_partnership_id_state", "membership", ["partnership_id", "state"])
    op.create_table(
        "invitation_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(20), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=False),
        sa.Column("most_uses", sa.Integer(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name="fk_invitation_link_organisation_id_organisation"
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id"],
            ["partnership.id"],
            name="fk_invitation_link_partnership_id_partnership",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id", "made_by_id"],
            ["membership.partnership_id", "membership.id"],
            name="fk_invitation_link_partnership_id_made_by_id_membership",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_invitation_link"),
    )
    op.create_index("ix_invitation_link_partnership_id_id", "invitation_link", ["partnership_id", "id"])
    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.String(254), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("level", sa.String(20), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(5), nullable=False),
        sa.Column("greeting", sa.Text(), nullable=False),
        sa.Column("invited_by_id", sa.Integer(), nullable=False),
        sa.Column("link_id", sa.Integer(), nullable=True),
        sa.Column("answer", sa.String(20), nullable=False),
        sa.Column("accepted_by_id", sa.Integer(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["invitation_link.id"], name="fk_invitation_link_id_invitation_link"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name="fk_invitation_organisation_id_organisation"
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id"],
            ["partnership.id"],
            name="fk_invitation_partnership_id_partnership",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id", "invited_by_id"],
            ["membership.partnership_id", "membership.id"],
            name="fk_invitation_partnership_id_invited_by_id_membership",
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id", "accepted_by_id"],
            ["membership.partnership_id", "membership.id"],
            name="fk_invitation_partnership_id_accepted_by_id_membership",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_invitation"),
    )
    op.create_index("ix_invitation_email_key", "invitation", ["email_key"])
    op.create_index("ix_invitation_partnership_id_answer_id", "invitation", ["partnership_id", "answer", "id"])
    op.create_index(
        "uq_invitation_partnership_id_email_key",
        "invitation",
        ["partnership_id", "email_key"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_table(
        "trail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("act", sa.String(40), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor_name", sa.String(100), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=True),
        sa.Column("subject_name", sa.String(254), nullable=False),
        sa.Column("partnership_id", sa.Integer(), nullable=True),
        sa.Column("partnership_name", sa.String(120), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("pruned_before", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_trail"),
    )
    for columns in (("partnership_id", "id"), ("actor_id", "id"), ("subject_id", "id"), ("at",)):
        op.create_index(f"ix_trail_{'_'.join(columns)}", "trail", list(columns))
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Back again. Seats that were only asked for, or that a person had before another, have no place there."""
    for table in ("trail", "invitation", "invitation_link"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION trail_is_append_only()")
    op.drop_index("ix_membership_partnership_id_state", "membership")
    op.drop_index("uq_membership_partnership_id_user_id", "membership")
    with op.batch_alter_table("membership") as membership:
        for name in (
            "link_id",
            "question",
            "asked",
            "reason",
            "ending",
            "ends_at",
            "suspended_until",
            "decided_by_id",
            "since",
            "joined_at",
        ):
            membership.drop_column(name)
        membership.create_unique_constraint("uq_membership_partnership_id_user_id", ["partnership_id", "user_id"])
    op.drop_column("partnership", "visibility")
