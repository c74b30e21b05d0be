"""The experiments as one YAML file: to be read by people and reviewed, and by servers without any other process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import yaml

from contracts.errors import InvalidExperimentError, RetryableError
from contracts.experiments import Experiments
from contracts.strict_yaml import read_yaml


class ExperimentsFile:
    """The file at ``path``: one for all, so that a reader always sees layers that fit together."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Experiments:
        """Return what the file holds, nothing before there is one; raises ``InvalidExperimentError``."""
        return read_yaml(self._path, Experiments, InvalidExperimentError) if self._path.exists() else Experiments()

    def stamp(self) -> tuple[int, int, int] | None:
        """Return what differs after every change of the file, ``None`` where there is none; raises ``OSError``."""
        try:
            state = self._path.stat()
        except FileNotFoundError:
            return None
        return state.st_ino, state.st_mtime_ns, state.st_size

    def change(self, step: Callable[[Experiments], Experiments]) -> Experiments:
        """Replace the file by what ``step`` makes of it, one process after the other; raises what ``step`` raises.

        Raises ``RetryableError`` where the file cannot be written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.with_suffix(".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                changed = step(self.read())
                self._write(changed)
        except OSError as error:
            msg = f"cannot write {self._path}: {error.strerror}"
            raise RetryableError(msg) from error
        return changed

    def _write(self, experiments: Experiments) -> None:
        fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        fresh.write_text(yaml.safe_dump(experiments.model_dump(mode="json"), sort_keys=False), encoding="utf-8")
        fresh.replace(self._path)
