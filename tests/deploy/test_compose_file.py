"""docker-compose.yml says what a Compose engine can run, and nothing that must not be said."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest

from throughcare.cli.services import SERVICES, role_of
from throughcare.runtime.settings import Settings
from throughcare.tests.deploy.compose import (
    ROOT,
    compose_file,
    environment_of,
    expand,
    secrets_of,
)

#: Lines of the embedded broker's settings that matter to what its clients see.
_TOLD = r"^((?:auto|group|log|num|offsets|share|trans)[a-z.]+)=(\w+)$"
_SCHEMA = Path(__file__).parent / "compose_spec" / "compose-spec.json"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return compose_file()


def _schema() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(_SCHEMA.read_text()))


def test_the_compose_file_fits_the_compose_specification(compose: dict[str, Any]) -> None:
    errors = [f"{list(error.path)}: {error.message}" for error in _schema().iter_errors(compose)]

    assert errors == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda compose: compose["services"]["intake"].update(volume=["data:/data"]),
        lambda compose: compose["services"]["gateway"].update(ports={"8080": "8080"}),
        lambda compose: compose["services"]["kafka"]["healthcheck"].update(interval=["15s"]),
    ],
)
def test_the_specification_notices_a_mistake(
    spoil: Callable[[dict[str, Any]], None], compose: dict[str, Any]
) -> None:
    spoilt = json.loads(json.dumps(compose))
    spoil(spoilt)

    assert not _schema().is_valid(spoilt)


def test_each_service_runs_under_its_own_role_with_its_own_health_check(
    compose: dict[str, Any],
) -> None:
    for name in SERVICES:
        service = compose["services"][name]
        url = urlsplit(environment_of(service, {})["THROUGHCARE_DATABASE__URL"])

        assert service["command"] == ["run", name]
        assert url.username == role_of(name)
        assert service["healthcheck"]["test"] == ["CMD", "throughcare", "healthcheck", name]
        assert service["depends_on"]["prepare"] == {"condition": "service_completed_successfully"}
        assert service["depends_on"]["postgres"] == {"condition": "service_healthy"}


def test_whoever_names_kafka_waits_for_it(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        names_kafka = "THROUGHCARE_KAFKA__BOOTSTRAP_SERVERS" in environment_of(service, {})
        waits = service.get("depends_on", {}).get("kafka") == {"condition": "service_healthy"}

        assert names_kafka == waits, name


def test_every_setting_is_one_that_is_read(compose: dict[str, Any]) -> None:
    fields = Settings.model_fields
    known = {"THROUGHCARE_PASSWORDS", "THROUGHCARE_WATCHER__EMAIL"} | {
        "THROUGHCARE_DATABASE__PASSWORD_FILE",
        "THROUGHCARE_DATABASE__DOOR_PASSWORD_FILE",
    }
    for section, field in fields.items():
        nested = getattr(field.annotation, "model_fields", None)
        if nested is None:
            known.add(f"THROUGHCARE_{section}".upper())
        else:
            known |= {f"THROUGHCARE_{section}__{name}".upper() for name in nested}

    for name in (*SERVICES, "prepare"):
        assert environment_of(compose["services"][name], {}).keys() <= known, name


def test_no_secret_stands_in_the_file(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for variable, value in environment_of(service, {}).items():
            if "PASSWORD" in variable or "KEY" in variable:
                assert value.startswith(("/run/secrets", "/var/lib/throughcare")), (name, variable)
            assert urlsplit(value).password is None, (name, variable)
    assert all(set(secret) == {"file"} for secret in compose["secrets"].values())


def test_every_file_of_a_secret_is_one_that_was_mounted(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        mounted = set(secrets_of(service).values())
        named = {
            value
            for variable, value in environment_of(service, {}).items()
            if variable.endswith("_FILE")
        }

        assert named <= mounted, name
        assert secrets_of(service).keys() <= compose["secrets"].keys(), name


def test_nothing_listens_beyond_this_machine(compose: dict[str, Any]) -> None:
    ports = [port for s in compose["services"].values() for port in s.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_volume_is_named_so_that_it_outlives_its_container(compose: dict[str, Any]) -> None:
    used = {v.split(":")[0] for s in compose["services"].values() for v in s.get("volumes", [])}

    assert used == set(compose["volumes"])


def test_every_image_is_of_one_version(compose: dict[str, Any]) -> None:
    jars = (ROOT / "cli/embedded/kafka_jars.txt").read_text()
    kafka = re.search(r"^org.apache.kafka:kafka-server:(\S+) ", jars, re.MULTILINE)
    assert kafka is not None

    images = {name: s["image"] for name, s in compose["services"].items()}

    assert images.pop("kafka") == f"apache/kafka:{kafka[1]}"
    assert images.pop("postgres") == "postgres:18"
    assert set(images.values()) == {"throughcare:0.1.0"}


def test_kafka_is_told_what_the_embedded_one_is_told(compose: dict[str, Any]) -> None:
    text = (ROOT / "cli/embedded/kafka.py").read_text()
    wanted = dict(re.findall(_TOLD, text, re.MULTILINE))
    told = environment_of(compose["services"]["kafka"], {})

    # How many partitions Kafka's own topics have matters to the start of a small machine only.
    wanted = {name: v for name, v in wanted.items() if not name.endswith("topic.num.partitions")}
    wanted.pop("transaction.state.log.num.partitions", None)

    assert "group.min.session.timeout.ms" in wanted
    for name, value in wanted.items():
        assert told["KAFKA_" + name.upper().replace(".", "_")] == value


def test_an_empty_kafka_gets_a_new_cluster_id_and_a_kept_one_its_old(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    shell, flag, script = compose["services"]["kafka"]["command"]
    script = (
        expand(script, {})
        .replace("/var/lib/kafka/data", str(tmp_path))
        .replace("/opt/kafka/bin/kafka-storage.sh random-uuid", "echo made-now")
        .replace("exec /etc/kafka/docker/run", "printenv CLUSTER_ID")
    )

    def start() -> str:
        done = subprocess.run([shell, flag, script], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert start() == "made-now"
    (tmp_path / "meta.properties").write_text("node.id=1\ncluster.id=kept-from-before\nversion=1\n")
    assert start() == "kept-from-before"
