"""A broker that asks who comes, over TLS: each party has its own topics there, and the services all."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError
from confluent_kafka import admin as confluent_admin
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from throughcare.cli.embedded.kafka import Kafka
from throughcare.cli.embedded.places import choose_port
from throughcare.contracts.envelope import decode, encode
from throughcare.contracts.topics import (
    INTAKE_COMMANDS,
    INTAKE_EVENTS,
    facts_of,
    outcomes_of,
    partition_of,
)
from throughcare.runtime.broker import reach
from throughcare.runtime.errors import SetupError
from throughcare.runtime.ids import new_case_ref, new_id
from throughcare.runtime.journal import Producer
from throughcare.runtime.settings import Kafka as Settings
from throughcare.runtime.settings import read_settings
from throughcare.runtime.topics_admin import ensure_topics, open_admin
from throughcare.tests.runtime.toy import command
from throughcare.tests.support.parts import Database
from throughcare.tests.support.workers import Worker

#: Its stubs export nothing.
rights: Any = confluent_admin
_LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
_PASSWORDS = {"throughcare": "made-up-1", "ngo-a": "made-up-2", "ngo-b": "made-up-3"}


class GuardedKafka(Kafka):
    """Beside the listener of its own machine, one for the network: encrypted, signed in, with rights."""

    def __init__(self, home: Path) -> None:
        super().__init__(home, short_lived=True)
        self.certificate = home / "broker.crt"
        self._guarded_port = home / "run" / "guarded.port"
        _make_certificate(self.certificate, home / "broker.pem")
        self._keystore = home / "broker.pem"

    @property
    def guarded_servers(self) -> str:
        return f"127.0.0.1:{self._guarded_port.read_text()}"

    def _configure(self) -> None:
        super()._configure()
        port = choose_port(0, self._guarded_port, "Kafka")
        users = " ".join(f'user_{name}="{word}"' for name, word in _PASSWORDS.items())
        plain = [
            f"{line},SASL_SSL://127.0.0.1:{port}"
            if line.startswith(("listeners=", "advertised.listeners="))
            else line
            for line in self._properties.read_text().splitlines()
        ]
        guarded = f"""
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config={_LOGIN} {users};
ssl.keystore.type=PEM
ssl.keystore.location={self._keystore}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:throughcare
"""
        self._properties.write_text("\n".join(plain) + guarded)

    def allow(self, party: str) -> None:
        """What docs/operations.md says that a party is given."""
        may = [
            (facts_of(party).name, rights.AclOperation.WRITE),
            (outcomes_of(party).name, rights.AclOperation.READ),
        ]
        admin = rights.AdminClient({"bootstrap.servers": self.bootstrap_servers})
        made = admin.create_acls(
            [
                rights.AclBinding(
                    rights.ResourceType.TOPIC, topic, rights.ResourcePatternType.LITERAL, f"User:{party}", "*",
                    operation, rights.AclPermissionType.ALLOW,
                )
                for topic, operation in may
            ]
        )  # fmt: skip
        for one in made.values():
            one.result(10)

    def settings(self, user: str, password: str | None = None) -> Settings:
        return Settings.model_validate(
            {
                "bootstrap_servers": self.guarded_servers,
                "security_protocol": "SASL_SSL",
                "sasl_mechanism": "PLAIN",
                "sasl_username": user,
                "sasl_password": password or _PASSWORDS[user],
                "ssl_ca_file": self.certificate,
            }
        )


def _make_certificate(certificate: Path, with_key: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    certificate.write_bytes(pem)
    with_key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + pem
    )


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"SECURITY_PROTOCOL": "SASL_SSL"}, "needs SASL_USERNAME"),
        ({"SASL_PASSWORD": "made-up"}, "signs in to nothing"),
        ({"SECURITY_PROTOCOL": "SSL", "SASL_USERNAME": "who"}, "signs in to nothing"),
        ({"SSL_CA_FILE": "/ca.pem"}, "encrypts nothing"),
        ({"SECURITY_PROTOCOL": "SSL", "SSL_KEY_FILE": "/key.pem"}, "go together"),
        (
            {
                "SECURITY_PROTOCOL": "SASL_PLAINTEXT",
                "SASL_MECHANISM": "PLAIN",
                "SASL_USERNAME": "who",
                "SASL_PASSWORD": "made-up",
            },
            "readable",
        ),
        ({"SECURITY_PROTOCOL": "TLS"}, "SECURITY_PROTOCOL"),
    ],
)
def test_what_is_set_and_would_be_ignored_is_refused(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], why: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"THROUGHCARE_KAFKA__{name}", value)

    with pytest.raises(SetupError, match=why) as no:
        read_settings()

    assert "made-up" not in str(no.value)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedKafka]:
    home = tmp_path_factory.mktemp("guarded")
    (home / "run").mkdir()
    broker = GuardedKafka(home)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


async def test_a_service_works_over_an_encrypted_connection_that_it_signs_in_to(
    guarded: GuardedKafka, database: Database, tmp_path: Path
) -> None:
    settings = guarded.settings("throughcare")
    admin = await open_admin(settings)
    try:
        await ensure_topics(admin, settings)
    finally:
        await admin.close()
    worker = Worker(
        "throughcare.tests.runtime.toy",
        tmp_path,
        kafka=guarded.guarded_servers,
        database=database.url("throughcare_intake"),
        THROUGHCARE_KAFKA__SECURITY_PROTOCOL="SASL_SSL",
        THROUGHCARE_KAFKA__SASL_MECHANISM="PLAIN",
        THROUGHCARE_KAFKA__SASL_USERNAME="throughcare",
        THROUGHCARE_KAFKA__SASL_PASSWORD=_PASSWORDS["throughcare"],
        THROUGHCARE_KAFKA__SSL_CA_FILE=str(guarded.certificate),
    )
    producer = Producer(settings)
    worker.start()
    try:
        case = new_case_ref()
        sent = encode(command(case, 1, 1, new_id()))
        await producer.send(INTAKE_COMMANDS.name, partition_of(case), [(str(case).encode(), sent)])
        said = AIOKafkaConsumer(INTAKE_EVENTS.name, auto_offset_reset="earliest", **reach(settings))
        async with said, asyncio.timeout(30):
            record = await said.getone()
    finally:
        worker.close()
        await producer.renew()

    assert decode(record.value).case_ref == case, worker.log.read_text()


async def test_a_party_writes_its_own_facts_and_hears_its_own_outcomes_and_no_others(
    guarded: GuardedKafka,
) -> None:
    settings = guarded.settings("throughcare")
    admin = await open_admin(settings)
    try:
        for party in ("ngo-a", "ngo-b"):
            await ensure_topics(admin, settings, [facts_of(party), outcomes_of(party)])
    finally:
        await admin.close()
    guarded.allow("ngo-a")
    told = reach(guarded.settings("ngo-a"))

    async with AIOKafkaProducer(**told) as producer:
        await producer.send_and_wait(facts_of("ngo-a").name, b"{}")
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(facts_of("ngo-b").name, b"{}")
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(outcomes_of("ngo-a").name, b"{}")
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(INTAKE_COMMANDS.name, b"{}")
    async with AIOKafkaConsumer(outcomes_of("ngo-a").name, **told) as consumer:
        assert await consumer.getmany(timeout_ms=200) == {}
    for foreign in (outcomes_of("ngo-b").name, facts_of("ngo-b").name, INTAKE_COMMANDS.name):
        consumer = AIOKafkaConsumer(foreign, **told)
        try:
            with pytest.raises(TopicAuthorizationFailedError):
                await consumer.start()
        finally:
            await consumer.stop()


async def test_a_wrong_password_or_an_unknown_certificate_is_told_in_one_sentence(
    guarded: GuardedKafka, tmp_path: Path
) -> None:
    _make_certificate(tmp_path / "else.crt", tmp_path / "else.pem")
    right = guarded.settings("throughcare")
    for wrong in (
        guarded.settings("throughcare", "guess"),
        right.model_copy(update={"ssl_ca_file": tmp_path / "else.crt"}),
    ):
        with pytest.raises(SetupError, match="what it asks for"):
            await open_admin(wrong, patience_s=0)
    with pytest.raises(SetupError, match="SSL_CA_FILE"):
        await open_admin(right.model_copy(update={"ssl_ca_file": tmp_path / "none"}), patience_s=0)
    stranger = AIOKafkaProducer(bootstrap_servers=guarded.guarded_servers)
    with pytest.raises(KafkaError):
        await stranger.start()
    await stranger.stop()
