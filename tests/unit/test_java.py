from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import MissingProgramError
from deployment.local_stack.java import find_java
from deployment.local_stack.kafka_broker import broker_command
from deployment.settings import Settings


def java_that_says(directory: Path, version: str) -> str:
    program = directory / "java"
    program.write_text(f"#!/bin/sh\necho '{version}' >&2\n")
    program.chmod(0o755)
    return str(directory)


@pytest.mark.parametrize("version", ['openjdk version "17.0.15" 2025-04-15', 'openjdk version "25" 2025-09-16 LTS'])
def test_java_17_and_later_are_found(tmp_path: Path, version: str) -> None:
    assert find_java(java_that_says(tmp_path, version)) == str(tmp_path / "java")


@pytest.mark.parametrize(
    ("version", "said"), [('java version "1.8.0_392"', "Java 8"), ('"11.0.2"', "unknown"), ('version "16"', "Java 16")]
)
def test_an_older_java_is_named(tmp_path: Path, version: str, said: str) -> None:
    with pytest.raises(MissingProgramError, match=f"{said}.*: expected Java 17 or later"):
        find_java(java_that_says(tmp_path, version))


def test_a_missing_java_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(MissingProgramError, match="install a Java 17 runtime"):
        find_java(str(tmp_path))


def test_missing_jars_say_make_setup(tmp_path: Path) -> None:
    with pytest.raises(MissingProgramError, match="run `make setup`"):
        broker_command(Settings(jars_dir=tmp_path))
