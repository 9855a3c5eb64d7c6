"""On PostgreSQL the commit of an entry tells those who listen which partnership it is in."""

from alembic import op

revision = "0007_live"
down_revision = "0006_reports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Towards the newer version."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("""
        CREATE FUNCTION tell_live() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('live', NEW.id::text);
            RETURN NULL;
        END
        $$
    """)
    op.execute("""
        CREATE TRIGGER tell_live AFTER UPDATE OF last_number ON partnership
        FOR EACH ROW EXECUTE FUNCTION tell_live()
    """)


def downgrade() -> None:
    """Back to the older version."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("DROP TRIGGER tell_live ON partnership")
    op.execute("DROP FUNCTION tell_live()")
