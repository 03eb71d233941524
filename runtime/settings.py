"""Settings: `THROUGHCARE_` in the environment, `__` for nesting, secrets as files."""

from pathlib import Path

from pydantic import BaseModel, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Kafka(BaseModel):
    bootstrap_servers: str = "127.0.0.1:9092"
    #: Static membership: the supervisor gives each process its own, a new one after a forced exit.
    instance_id: str | None = None
    replication_factor: int = 1
    min_insync_replicas: int = 1
    session_timeout_s: float = 3.0


class Database(BaseModel):
    #: `postgresql://…`; each process gets its own role in it.
    url: SecretStr = SecretStr("postgresql://127.0.0.1:5432/throughcare")
    pool_max: int = 8


class Smtp(BaseModel):
    host: str = "127.0.0.1"
    port: int = 25
    #: What the desk sees as the sender: neutral on purpose.
    sender: str = "notices@throughcare.invalid"
    username: str | None = None
    password: SecretStr | None = None
    starttls: bool = False


class Http(BaseModel):
    host: str = "127.0.0.1"
    port: int = 8080
    #: Where people sign in, as messages name it; its host must say nothing about anybody.
    public_url: str = "http://127.0.0.1:8080/"


class Webhooks(BaseModel):
    #: Loopback addresses and plain http are receivers too: the demo and the tests only.
    allow_loopback: bool = False


class Settings(BaseSettings):
    """What a process is told from outside; everything else stands in the database or in the files."""

    model_config = SettingsConfigDict(env_prefix="THROUGHCARE_", env_nested_delimiter="__")

    kafka: Kafka = Kafka()
    database: Database = Database()
    smtp: Smtp = Smtp()
    http: Http = Http()
    webhooks: Webhooks = Webhooks()
    #: 32 random bytes that seal dead letters and webhook secrets; kept outside the database.
    sealing_key_file: Path | None = None
    #: Ed25519 key (PEM) that signs the log's checkpoints, and where they are put.
    signing_key_file: Path | None = None
    checkpoint_dir: Path | None = None
    #: The demo's page may be served (loopback only).
    demo_page: bool = False
    #: `name:nth:KILL|TERM|RAISE|STOP`, separated by commas; tests only.
    crash_at: str = ""
    log_level: str = "info"
    #: Where a service other than the gateway serves /metrics, on http.host; None: nowhere.
    metrics_port: int | None = None
