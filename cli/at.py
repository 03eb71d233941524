"""Where a running deployment is: as the environment says, or as `up` wrote it down in its home."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from throughcare.cli.embedded.places import default_home
from throughcare.cli.outside import NO_DATABASE_URL
from throughcare.runtime.errors import SetupError
from throughcare.runtime.settings import Kafka, read_settings


@dataclass(frozen=True)
class Address:
    """What an operator's command needs to reach a deployment."""

    http: str
    kafka: str
    #: As the owner of the database: operators' commands are not a service's.
    postgres: str
    sealing_key: Path
    #: None: the environment names none.
    vault_key: Path | None
    signing_key: Path
    checkpoints: Path
    #: One key a role, where this machine made them.
    api_keys: dict[str, str]

    def broker(self) -> Kafka:
        """Where Kafka is, and how the environment says that one signs in there."""
        return read_settings().kafka.model_copy(update={"bootstrap_servers": self.kafka})

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[asyncpg.Connection]:
        try:
            connection = await asyncpg.connect(self.postgres, timeout=5)
        except (ValueError, asyncpg.InterfaceError):
            raise SetupError(NO_DATABASE_URL) from None
        except (OSError, asyncpg.PostgresError, TimeoutError):
            raise SetupError(
                "PostgreSQL does not answer: is everything up? `throughcare status` tells."
            ) from None
        try:
            yield connection
        finally:
            await connection.close()


def at(home: Path | None) -> Address:
    """Find the deployment. Raises SetupError where there is none.

    A home that was named counts most, then the environment, then a home of one's own.
    """
    is_named = home is not None or "THROUGHCARE_DATABASE__URL" not in os.environ
    home = home or default_home()
    told_file = home / "run" / "up.json"
    if is_named and told_file.exists():
        told = json.loads(told_file.read_text())
        keys = home / "keys"
        return Address(
            http=told["http"],
            kafka=told["kafka"],
            postgres=told["postgres"],
            sealing_key=keys / "sealing.key",
            vault_key=keys / "vault.key",
            signing_key=keys / "signing.pem",
            checkpoints=home / "checkpoints",
            api_keys=told["api_keys"],
        )
    settings = read_settings()
    if "THROUGHCARE_DATABASE__URL" not in os.environ:
        raise SetupError(f"Nothing runs in {home}: start it with `throughcare up`, or name --home.")
    return Address(
        http=f"http://{settings.http.host}:{settings.http.port}",
        kafka=settings.kafka.bootstrap_servers,
        postgres=settings.database.url.get_secret_value(),
        sealing_key=settings.sealing_key_file or Path(),
        vault_key=settings.vault_key_file,
        signing_key=settings.signing_key_file or Path(),
        checkpoints=settings.checkpoint_dir or Path(),
        api_keys={},
    )
