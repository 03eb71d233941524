"""What the compose file starts works against a broker and a database at any address.

Each service's command and environment are taken from docker-compose.yml as they stand there; only
host names, ports and the places of files are put in their turn. No container is involved.
"""

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from throughcare.cli.embedded.kafka import Kafka
from throughcare.cli.embedded.postgres import Postgres
from throughcare.cli.services import SERVICES, role_of
from throughcare.runtime.settings import Kafka as KafkaSettings
from throughcare.runtime.topics_admin import open_admin
from throughcare.tests.deploy.compose import ROOT, compose_file, environment_of, secrets_of
from throughcare.tests.docs.pages import blocks
from throughcare.tests.docs.readme import kafka_example, shell_example
from throughcare.tests.support.parts import Parts

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

#: What the image's ENTRYPOINT names, as pip installs it.
_ENTRYPOINT = Path(sys.executable).with_name("throughcare")
_DATABASE = "as_compose_names_it"
_MADE_UP = {"THROUGHCARE_PROTOCOL__MODE": "synthetic"}


class Machine:
    """Runs what the compose file says, beside a Kafka and a PostgreSQL that are elsewhere."""

    def __init__(self, folder: Path, kafka: Kafka, postgres: Postgres) -> None:
        self.folder = folder
        self.compose = compose_file()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.http_port = probe.getsockname()[1]
        self._secrets = folder / "secrets"
        self._data = folder / "data"
        self._places = {
            "kafka:9092": kafka.bootstrap_servers,
            "postgres:5432/throughcare": f"127.0.0.1:{postgres.port}/{_DATABASE}",
            "/run/secrets": str(self._secrets),
            "/var/lib/throughcare": str(self._data),
            "0.0.0.0": "127.0.0.1",
            "8080": str(self.http_port),
        }
        self._make_secrets(postgres)
        for name in ("signer", "checkpoints"):
            (self._data / name).mkdir(parents=True)

    def _make_secrets(self, postgres: Postgres) -> None:
        """As deploy/make-secrets does, but for the passwords: roles belong to the whole server."""
        subprocess.run(
            [ROOT / "deploy/make-secrets", self._secrets], check=True, capture_output=True
        )
        for role in ("postgres", *map(role_of, SERVICES)):
            file = self._secrets / f"{role.removeprefix('throughcare_')}_password"
            file.write_text(postgres.secrets.get(role))

    def environment(self, name: str) -> dict[str, str]:
        service = self.compose["services"][name]
        for secret, target in secrets_of(service).items():
            place = Path(self._here(target))
            if not place.exists():
                shutil.copy(self._secrets / secret, place)
        kept = {k: v for k, v in os.environ.items() if not k.startswith("THROUGHCARE_")}
        told = environment_of(service, _MADE_UP).items()
        return {**kept, **{variable: self._here(value) for variable, value in told}}

    def _here(self, value: str) -> str:
        for there, here in self._places.items():
            value = value.replace(there, here)
        return value

    def run(self, name: str, arguments: list[str]) -> subprocess.CompletedProcess[str]:
        """What a service's container would run, to its end."""
        return subprocess.run(
            [_ENTRYPOINT, *arguments],
            env={**_MADE_UP, **self.environment(name)},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [_ENTRYPOINT, *self.compose["services"][name]["command"]],
                env=self.environment(name),
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )

    def is_well(self, name: str) -> bool:
        """The service's health check, as the compose file words it."""
        _, entrypoint, *arguments = self.compose["services"][name]["healthcheck"]["test"]
        assert entrypoint == "throughcare"
        return self.run(name, arguments).returncode == 0

    def wait_until_well(self, names: tuple[str, ...], patience_s: float = 90) -> None:
        end = time.monotonic() + patience_s
        waiting = list(names)
        while waiting := [name for name in waiting if not self.is_well(name)]:
            assert time.monotonic() < end, f"{waiting}: {self.last_words(waiting[0])}"
            time.sleep(0.3)

    def last_words(self, name: str) -> str:
        return "\n".join((self.folder / f"{name}.log").read_text().splitlines()[-15:])

    def close(self) -> None:
        for process in self.running.values():
            if process.poll() is None:
                process.kill()
                process.wait()


async def _remove_topics(kafka: Kafka) -> None:
    admin = await open_admin(KafkaSettings(bootstrap_servers=kafka.bootstrap_servers))
    try:
        while ours := [t for t in await admin.list_topics() if t.startswith("throughcare.")]:
            await admin.delete_topics(ours)
    finally:
        await admin.close()


@pytest.fixture(scope="module")
def machine(
    parts: Parts,
    kafka: Kafka,
    postgres: Postgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Machine]:
    parts.run(_remove_topics(kafka))
    postgres.create_database(_DATABASE)
    made = Machine(tmp_path_factory.mktemp("machine"), kafka, postgres)
    yield made
    made.close()
    postgres.drop_database(_DATABASE)


@pytest.fixture(scope="module")
def prepared(machine: Machine) -> Machine:
    done = machine.run("prepare", machine.compose["services"]["prepare"]["command"])
    assert done.returncode == 0, done.stderr
    return machine


@pytest.fixture(scope="module")
def everything(prepared: Machine) -> Machine:
    for name in SERVICES:
        prepared.start(name)
    prepared.wait_until_well(SERVICES)
    return prepared


@pytest.fixture(scope="module")
def party(everything: Machine) -> dict[str, str]:
    """The environment of somebody who follows the README, with a party added as operators do."""
    # In containers: `docker compose run --rm prepare party add …`.
    (line,) = (line for line in shell_example("party add").splitlines() if "party add" in line)
    added = everything.run("prepare", [*shlex.split(line)[1:], "--json"])
    assert added.returncode == 0, added.stderr
    return {
        **os.environ,
        "THROUGHCARE": f"http://127.0.0.1:{everything.http_port}",
        "THROUGHCARE_API_KEY": json.loads(added.stdout)["api_key"],
        "KAFKA": everything.environment("gateway")["THROUGHCARE_KAFKA__BOOTSTRAP_SERVERS"],
    }


def _as_written(example: str, party: dict[str, str]) -> Any:
    """Run a shell example of the README; what it prints, as JSON."""
    if shutil.which("curl") is None:
        pytest.skip("no curl on this machine")
    done = subprocess.run(
        ["bash", "-euc", example], env=party, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_preparing_twice_changes_nothing(prepared: Machine) -> None:
    again = prepared.run("prepare", ["prepare"])

    assert again.returncode == 0, again.stderr
    assert again.stderr.splitlines()[-1] == "prepared"


def test_preparing_as_somebody_who_may_not_is_told_in_one_sentence(prepared: Machine) -> None:
    told = prepared.run("intake", ["prepare"])

    assert told.returncode == 2
    assert "needs the owner of the database" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_service_that_does_not_run_is_not_well(prepared: Machine) -> None:
    # One for each way that the command has to find out.
    for name in {"intake", "gateway", "watcher"} - prepared.running.keys():
        assert not prepared.is_well(name)


def test_the_readmes_fact_goes_in_by_http_and_its_outcome_comes_back(
    party: dict[str, str],
) -> None:
    outcome = _as_written(shell_example("/v1/facts"), party)

    (shown,) = map(json.loads, blocks("README.md", "json"))
    # What differs from one time to the next.
    for told in (outcome, shown):
        del told["id"], told["time"]
    assert outcome == shown


def test_the_readmes_fact_by_kafka_is_on_the_timeline_of_its_case(party: dict[str, str]) -> None:
    subprocess.run([sys.executable, "-c", kafka_example()], env=party, check=True)

    end = time.monotonic() + 30
    while True:
        timeline = _as_written(shell_example("/timeline"), party)
        said = {entry["type"] for entry in timeline["entries"]}
        if "org.throughcare.event.release-scheduled.v1" in said or time.monotonic() > end:
            break
        time.sleep(0.3)

    assert timeline["subject"] == "31-004512"
    assert {
        "org.throughcare.event.programme-enrolled.v1",
        "org.throughcare.event.release-scheduled.v1",
    } <= said


def test_the_log_is_signed_where_the_compose_file_puts_it(everything: Machine) -> None:
    folder = everything.folder / "data" / "checkpoints"
    end = time.monotonic() + 30
    while not any(folder.iterdir()) and time.monotonic() < end:
        time.sleep(0.2)

    assert any(folder.iterdir())
    assert (everything.folder / "data/signer/signing_key.signed").exists()


def test_every_service_leaves_in_order_when_it_is_asked_to(everything: Machine) -> None:
    for process in everything.running.values():
        process.terminate()

    codes = {name: process.wait(30) for name, process in everything.running.items()}

    assert codes == dict.fromkeys(SERVICES, 0)
