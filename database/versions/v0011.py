"""The vault and its one gate."""

from alembic import op

from throughcare.database.migrate import run_file

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run_file(op.get_bind(), "migrations/0011_vault.sql")
