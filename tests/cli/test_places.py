"""Ports, disk and jars: what is wrong is said in one sentence, with what to do."""

import hashlib
import shutil
import socket
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest

from throughcare.cli.embedded import jars, places
from throughcare.cli.embedded.secret_file import SecretFile
from throughcare.runtime.errors import SetupError


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_wanted_port_that_is_taken_is_refused_by_name(taken: int, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=f"Port {taken}, wanted for Kafka, is taken: .* another"):
        places.choose_port(taken, tmp_path / "port", "Kafka")


def test_the_port_of_last_time_is_taken_again(tmp_path: Path) -> None:
    first = places.choose_port(0, tmp_path / "port", "Kafka")

    assert places.choose_port(0, tmp_path / "port", "Kafka") == first


def test_another_port_is_found_when_the_last_one_is_taken(taken: int, tmp_path: Path) -> None:
    (tmp_path / "port").write_text(str(taken))

    chosen = places.choose_port(0, tmp_path / "port", "Kafka")

    assert chosen != taken
    assert (tmp_path / "port").read_text() == str(chosen)


def test_free_ports_lie_below_those_of_outgoing_connections() -> None:
    assert all(places.free_port() < 32_768 for _ in range(50))


def test_a_full_disk_is_told_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1 << 40, 1 << 40, 5 << 20))

    with pytest.raises(SetupError, match=r"Only 5 MiB are free .* --home elsewhere"):
        places.require_space(tmp_path)


def test_every_jar_of_kafka_is_pinned_by_its_hash() -> None:
    pinned = jars.pinned()

    assert len({jar.file for jar in pinned}) == len(pinned) > 40
    assert all(len(jar.sha256) == 64 for jar in pinned)
    assert f"kafka_2.13-{jars.KAFKA_VERSION}.jar" in {jar.file for jar in pinned}


def test_a_jar_with_other_content_does_not_count(tmp_path: Path) -> None:
    jar = jars.Jar("org.example", "thing", "1", hashlib.sha256(b"right").hexdigest())
    (tmp_path / jar.file).write_bytes(b"wrong")

    assert not jar.is_whole(tmp_path)
    (tmp_path / jar.file).write_bytes(b"right")
    assert jar.is_whole(tmp_path)


@pytest.fixture
def one_jar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> jars.Jar:
    """A world with one jar, an empty cache, and no network but what a test puts there."""
    jar = jars.Jar("org.example", "thing", "1", hashlib.sha256(b"right").hexdigest())
    monkeypatch.setattr(jars, "pinned", lambda: [jar])
    monkeypatch.setenv("THROUGHCARE_CACHE", str(tmp_path))
    return jar


@pytest.mark.usefixtures("one_jar")
def test_the_first_start_without_a_network_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import requests

    def unreachable(*_: object, **__: object) -> None:
        raise requests.ConnectionError

    monkeypatch.setattr(requests, "request", unreachable)

    with pytest.raises(SetupError, match=r"the first start needs a network.*copy .* from another"):
        jars.ensure_jars()


def test_a_jar_that_comes_with_other_content_is_refused(
    one_jar: jars.Jar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jgo.maven import PythonResolver

    came = tmp_path / "came.jar"
    came.write_bytes(b"wrong")
    monkeypatch.setattr(PythonResolver, "download", lambda *_: came)

    with pytest.raises(SetupError, match=r"other content than kafka_jars\.txt pins"):
        jars.ensure_jars()
    assert not list(tmp_path.glob(f"kafka-*/{one_jar.file}"))


def test_secrets_stay_the_same_and_are_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "secrets.json"

    first = SecretFile(path).get("intake")

    assert SecretFile(path).get("release") != first
    assert SecretFile(path).get("intake") == first
    assert path.stat().st_mode & 0o777 == 0o600
