"""The two halves of a case."""

from alembic import op

from throughcare.database.migrate import run_file

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run_file(op.get_bind(), "migrations/0002_halves.sql")
