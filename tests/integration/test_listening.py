"""A server as a process of its own: with TLS, without a banner, and with limits before the app."""

from __future__ import annotations

import socket
import ssl
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from contracts.experiments import Experiments
from deployment.bootstrap.access import local_headers
from deployment.bootstrap.canary_watch import canary_watch
from deployment.bootstrap.experiments_file import build_experiments_file
from deployment.bootstrap.tls import build_local_trust
from deployment.local_stack.collector_server import collector_url
from deployment.local_stack.http_health import says_it_is_well
from deployment.local_stack.services import aisle_executable
from deployment.settings import (
    CollectorSettings,
    KafkaSettings,
    RedisSettings,
    Settings,
    TlsSettings,
    child_environment,
)
from tests.fixtures.canaries import CANARY
from tests.fixtures.certificates import self_signed
from tests.fixtures.kafka import free_ports
from tests.fixtures.served import live_server


@contextmanager
def _collector(directory: Path, tls: TlsSettings) -> Iterator[Settings]:
    """Run a collector without Kafka."""
    own, broker, redis = free_ports(3)
    settings = Settings(
        data_dir=directory,
        kafka=KafkaSettings(port=broker),
        redis=RedisSettings(port=redis),
        collector=CollectorSettings(port=own),
        tls=tls,
    )
    with live_server([aisle_executable(), "collector"], settings, directory / "collector.log", _is_live):
        yield settings


def _is_live(settings: Settings) -> bool:
    return says_it_is_well(f"{collector_url(settings)}/health/live", 5, build_local_trust(settings.tls))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with _collector(tmp_path_factory.mktemp("plain"), TlsSettings()) as settings:
        yield settings


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    directory = tmp_path_factory.mktemp("secured")
    pair = self_signed(directory)
    with _collector(directory, TlsSettings(certificate=str(pair.certificate), key=str(pair.key))) as settings:
        yield settings


def _connected(settings: Settings, context: ssl.SSLContext) -> str | None:
    address = settings.collector.host, settings.collector.port
    with socket.create_connection(address, 10) as raw, context.wrap_socket(raw) as tls:
        return tls.version()


def test_its_clients_come_in_over_tls_and_are_told_to_stay_with_it(secured: Settings) -> None:
    headers = local_headers(secured, secured.collector.access)
    with httpx.Client(base_url=collector_url(secured), verify=build_local_trust(secured.tls), timeout=30) as client:
        answer = client.post("/v1/events", json=[], headers=headers)
        assert (answer.status_code, answer.json()["title"]) == (422, "Nothing accepted")
        assert answer.headers["strict-transport-security"]
        assert client.post("/v1/events", json=[]).status_code == 401


def test_the_watch_over_canaries_reads_pages_over_tls(secured: Settings) -> None:
    said: list[str] = []
    build_experiments_file(secured).change(lambda _: Experiments(experiments=(CANARY,)))
    with canary_watch(secured, [collector_url(secured)], timedelta(minutes=5), said.append) as watch:
        watch.look()
    assert said == ["e: nothing speaks against it"]


def test_who_trusts_others_or_speaks_old_or_no_tls_is_not_answered(secured: Settings, tmp_path: Path) -> None:
    assert _connected(secured, build_local_trust(secured.tls)) == "TLSv1.3"
    other = build_local_trust(TlsSettings(certificate=str(self_signed(tmp_path).certificate)))
    with pytest.raises(ssl.SSLCertVerificationError):
        _connected(secured, other)
    old = build_local_trust(secured.tls)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        _connected(secured, old)
    with pytest.raises(httpx.HTTPError):
        httpx.get(collector_url(secured).replace("https", "http") + "/health/live")


def test_there_is_no_banner_and_no_header_of_tls(plain: Settings) -> None:
    headers = httpx.get(f"{collector_url(plain)}/health/live").headers
    assert "server" not in headers
    assert "strict-transport-security" not in headers


def test_a_flood_of_headers_is_refused_and_the_next_client_served(plain: Settings) -> None:
    url = f"{collector_url(plain)}/health/live"
    assert httpx.get(url, headers={f"x-{number}": "1" for number in range(1000)}).status_code == 431
    assert httpx.get(url, headers={"x-long": "v" * 2**20}).status_code == 431
    assert httpx.get(url).status_code == 200


def test_a_pair_that_is_none_gets_one_clear_line(plain: Settings, tmp_path: Path) -> None:
    pair = self_signed(tmp_path)
    said = subprocess.run(
        [aisle_executable(), "collector"],
        env=child_environment(plain) | {"AISLE_TLS__CERTIFICATE": str(pair.certificate)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    (line,) = said.stderr.splitlines()
    assert said.returncode == 2
    assert line.startswith("error: AISLE_TLS__KEY='' is empty: expected both")
