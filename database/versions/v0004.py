"""Who was told what, by which channel."""

from alembic import op

from throughcare.database.migrate import run_file

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run_file(op.get_bind(), "migrations/0004_notifications.sql")
