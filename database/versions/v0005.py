"""The timeline and its log."""

from alembic import op

from throughcare.database.migrate import run_file

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run_file(op.get_bind(), "migrations/0005_timeline.sql")
