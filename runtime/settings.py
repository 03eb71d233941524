"""Settings: `THROUGHCARE_` in the environment, `__` for nesting, secrets as files."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from throughcare.runtime.errors import SetupError

Port = Annotated[int, Field(ge=0, le=65535)]


class Kafka(BaseModel):
    bootstrap_servers: str = "127.0.0.1:9092"
    #: Static membership: the supervisor gives each process its own, a new one after a forced exit.
    instance_id: str | None = None
    replication_factor: int = 1
    min_insync_replicas: int = 1
    session_timeout_s: float = 3.0
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    #: PEM. Who signed the broker's certificate; None: who the machine trusts.
    ssl_ca_file: Path | None = None
    #: PEM, both or neither: the process's own, where the broker asks for one.
    ssl_certificate_file: Path | None = None
    ssl_key_file: Path | None = None

    @property
    def is_encrypted(self) -> bool:
        return self.security_protocol.endswith("SSL")

    @property
    def is_guarded(self) -> bool:
        return self.security_protocol != "PLAINTEXT"

    @property
    def signs_in(self) -> bool:
        return self.security_protocol.startswith("SASL")

    @model_validator(mode="after")
    def _fits(self) -> "Kafka":
        """What is set and would be ignored is a mistake, and mostly a dangerous one."""
        named = self.sasl_username is not None and self.sasl_password is not None
        if self.signs_in and not named:
            raise ValueError(
                f"{self.security_protocol} needs SASL_USERNAME and SASL_PASSWORD(_FILE)"
            )
        if not self.signs_in and (self.sasl_username or self.sasl_password):
            raise ValueError(f"{self.security_protocol} signs in to nothing: say SASL_SSL")
        if self.security_protocol == "SASL_PLAINTEXT" and self.sasl_mechanism == "PLAIN":
            raise ValueError(
                "PLAIN would send the password readable: say SASL_SSL or SCRAM-SHA-512"
            )
        files = (self.ssl_ca_file, self.ssl_certificate_file, self.ssl_key_file)
        if any(files) and not self.is_encrypted:
            raise ValueError(f"{self.security_protocol} encrypts nothing: say SSL or SASL_SSL")
        if bool(self.ssl_certificate_file) != bool(self.ssl_key_file):
            raise ValueError("SSL_CERTIFICATE_FILE and SSL_KEY_FILE go together")
        return self


class Database(BaseModel):
    #: `postgresql://…`; each process gets its own role in it.
    url: SecretStr = SecretStr("postgresql://127.0.0.1:5432/throughcare")
    pool_max: int = 8
    #: The gateway's second role, which answers requests and sees what the asking party may see.
    door_url: SecretStr | None = None


class Smtp(BaseModel):
    host: str = "127.0.0.1"
    port: Port = 25
    #: What the desk sees as the sender: neutral on purpose.
    sender: str = "notices@throughcare.invalid"
    username: str | None = None
    password: SecretStr | None = None
    starttls: bool = False


class Http(BaseModel):
    host: str = "127.0.0.1"
    port: Port = 8080
    #: Where people sign in, as messages name it; its host must say nothing about anybody.
    public_url: str = "http://127.0.0.1:8080/"


class Webhooks(BaseModel):
    #: Loopback addresses and plain http are receivers too: the demo and the tests only.
    allow_loopback: bool = False


class Protocol(BaseModel):
    """Whether the country's values may be used for people: one country, one deployment."""

    #: production: every value is sourced or signed; pilot: but for listed gaps until a day;
    #: synthetic: made-up cases only.
    mode: Literal["production", "pilot", "synthetic"] = "production"
    #: Two letters, as `KG`.
    country: str = ""
    #: Folder of `kg-2026.1.yaml` …: who signed which value, and a pilot's gaps.
    signatures: Path | None = None


class Settings(BaseSettings):
    """What a process is told from outside; everything else stands in the database or in the files."""

    model_config = SettingsConfigDict(env_prefix="THROUGHCARE_", env_nested_delimiter="__")

    kafka: Kafka = Kafka()
    database: Database = Database()
    smtp: Smtp = Smtp()
    http: Http = Http()
    webhooks: Webhooks = Webhooks()
    protocol: Protocol = Protocol()
    #: 32 random bytes that seal dead letters and webhook secrets; kept outside the database.
    sealing_key_file: Path | None = None
    #: 32 random bytes from which the organisations' keys of the vault are made; in no backup of data.
    vault_key_file: Path | None = None
    #: Who was forgotten, a line a case; written before it is done, kept apart from the database.
    erased_list: Path | None = None
    #: Ed25519 key (PEM) that signs the log's checkpoints, and where they are put.
    signing_key_file: Path | None = None
    checkpoint_dir: Path | None = None
    #: The demo's page may be served (loopback only).
    demo_page: bool = False
    #: `name:nth:KILL|TERM|RAISE|STOP`, separated by commas; tests only.
    crash_at: str = ""
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], BeforeValidator(str.lower)
    ] = "info"
    #: Where a service other than the gateway serves /metrics, on http.host; None: nowhere.
    metrics_port: Port | None = None


def read_settings() -> Settings:
    """The environment's settings. Raises SetupError that names the first variable that does not fit."""
    try:
        return Settings()
    except ValidationError as error:
        # Without the value: it may be a secret that stands in the wrong place.
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        name = f"THROUGHCARE_{'__'.join(map(str, first['loc'])).upper()}"
        raise SetupError(f"The settings do not fit: {name}: {first['msg']}.") from None
    except SettingsError:
        raise SetupError(
            "The settings do not fit: a group of them (kafka, database, smtp, http, webhooks or "
            "protocol) is set as a whole, and is no JSON."
        ) from None
