"""Spark without its jars is one clear line, before any process is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import MissingProgramError
from deployment.bootstrap.spark import _jars, build_spark
from deployment.settings import Settings


def test_missing_jars_are_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "spark").mkdir()
    (tmp_path / "spark" / "kafka-clients-3.9.2.jar").touch()
    settings = Settings(data_dir=tmp_path, jars_dir=tmp_path)
    with pytest.raises(MissingProgramError, match=r"spark lacks .*delta-spark_\*\.jar.*: run `make setup`") as raised:
        build_spark(settings, "test")
    assert "kafka-clients" not in str(raised.value)


def test_setup_copies_the_jars_that_spark_takes_and_no_more() -> None:
    jars = Settings().jars_dir / "spark"
    assert {jar.name for jar in jars.iterdir()} == {Path(jar).name for jar in _jars(jars)}
