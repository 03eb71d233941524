"""The dead-man watcher."""

from alembic import op

from throughcare.database.migrate import run_file

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run_file(op.get_bind(), "migrations/0006_watcher.sql")
