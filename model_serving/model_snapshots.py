"""Models on this machine's disk: the files of those in use, and which were in use last, for where MLflow is away."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from model_serving.model_source import ModelAlias, ModelVersion


class ModelSnapshots:
    """Below ``directory`` a folder a model: a folder of files a version, and a file an alias that names the version."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def files(self, version: ModelVersion) -> Path:
        """Return where the files of a version are, once they were fetched."""
        return self._directory / version.name / version.key

    def fetched(self, version: ModelVersion, download: Callable[[ModelVersion, Path], None]) -> Path:
        """Return where the files are, downloaded if need be; a directory that carries its final name is complete."""
        place = self.files(version)
        if not place.exists():
            unfinished = place.with_name(f"{place.name}.part")
            shutil.rmtree(unfinished, ignore_errors=True)
            download(version, unfinished)
            unfinished.rename(place)
        return place

    def discard(self, version: ModelVersion) -> None:
        """Delete the files of a version."""
        shutil.rmtree(self.files(version), ignore_errors=True)

    def last(self, wanted: ModelAlias) -> ModelVersion | None:
        """Return the version that was in use last, ``None`` before the first."""
        pointer = self._pointer(wanted)
        return ModelVersion(**json.loads(pointer.read_text(encoding="utf-8"))) if pointer.exists() else None

    def remember(self, wanted: ModelAlias, version: ModelVersion) -> None:
        """Note that a version is in use."""
        pointer = self._pointer(wanted)
        fresh = pointer.with_name(f"{pointer.name}.part")
        fresh.write_text(json.dumps(asdict(version)), encoding="utf-8")
        fresh.replace(pointer)

    def keep_only(self, name: str, in_use: Mapping[ModelAlias, ModelVersion]) -> None:
        """Delete of one model all that is not in use."""
        kept = {version.key for version in in_use.values()} | {self._pointer(wanted).name for wanted in in_use}
        for path in (self._directory / name).iterdir():
            if path.name in kept:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def _pointer(self, wanted: ModelAlias) -> Path:
        return self._directory / wanted.name / f"{wanted.alias}.json"
