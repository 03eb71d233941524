"""The doors."""

from alembic import op

from throughcare.database.migrate import run_file

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run_file(op.get_bind(), "migrations/0003_gateway.sql")
