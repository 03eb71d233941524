"""What every service stands on."""

from alembic import op

from throughcare.database.migrate import run_file

revision = "0001"
down_revision = None


def upgrade() -> None:
    run_file(op.get_bind(), "migrations/0001_runtime.sql")
