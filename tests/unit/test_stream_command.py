"""``aisle stream``: its help, a broker that is not there, and the state file."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from contracts.errors import BrokerUnavailableError
from deployment.bootstrap.state_file import StateFile
from deployment.bootstrap.stream import missing_topics
from deployment.cli.stream import command
from deployment.settings import KafkaSettings, Settings


def test_help_shows_examples() -> None:
    result = CliRunner().invoke(command, ["--help"])
    assert result.exit_code == 0
    assert "Examples:" in result.output
    assert "aisle stream --available-now" in result.output


def test_a_broker_that_is_not_there_is_named() -> None:
    settings = Settings(kafka=KafkaSettings(servers="127.0.0.1:1"))
    with pytest.raises(BrokerUnavailableError, match=r"127\.0\.0\.1:1"):
        missing_topics(settings)


def test_the_state_file_is_whole_and_goes_away(tmp_path: Path) -> None:
    file = StateFile(Settings(data_dir=tmp_path), "stream")
    file.remove()
    file.write({"ready": True, "queries": {}})
    [path] = (tmp_path / "run").iterdir()
    assert orjson.loads(path.read_bytes()).keys() == {"pid", "ready", "queries"}
    file.remove()
    assert not path.exists()
