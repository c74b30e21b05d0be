"""The models in use: loaded by alias in the background, swapped at once, kept when a load fails."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

from contracts.errors import AisleError, ModelRefusedError
from model_serving.model_source import ModelSource, ModelVersion

_LOG = logging.getLogger(__name__)
_CURRENT_FILE = "current.json"

# Reads a model and lets it answer once; raises ``ModelRefusedError``, and the version is not tried again.
Loader = Callable[[Path], Any]


@dataclass(frozen=True)
class LoadedModel:
    """A model in use, and whether it came from the registry (``mlflow``) or from the last ``snapshot``."""

    version: ModelVersion
    model: Any
    origin: str


class ModelStore:
    """Holds one model per name. Reading is one look into a dictionary; only the polling thread writes."""

    def __init__(self, source: ModelSource, loaders: Mapping[str, Loader], directory: Path, poll_s: float) -> None:
        self._source = source
        self._loaders = loaders
        self._directory = directory
        self._poll_s = poll_s
        self._models: dict[str, LoadedModel] = {}
        self._reasons: dict[str, str] = dict.fromkeys(loaders, "not looked for yet")
        self._refused: dict[ModelVersion, str] = {}
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="model-poll", daemon=True)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the models that are looked for."""
        return tuple(self._loaders)

    def current(self, name: str) -> LoadedModel | None:
        """Return the model in use, ``None`` before the first."""
        return self._models.get(name)

    def reason(self, name: str) -> str:
        """Return what the last look for this model met with; empty where all is well."""
        return self._reasons[name]

    def start(self) -> None:
        """Begin to poll, with the snapshots of the last run first."""
        self._thread.start()

    def stop(self) -> None:
        """Stop polling, and let go of the registry."""
        self._stopping.set()
        self._thread.join(timeout=5)
        self._source.close()

    def restore(self) -> None:
        """Load what the last run had in use, for where MLflow is away."""
        for name in self._loaders:
            self._attempt(name, self._restore)

    def refresh(self) -> None:
        """Look for the champions once, and load those that are new."""
        for name in self._loaders:
            self._attempt(name, self._refresh)

    def _run(self) -> None:
        self.restore()
        while not self._stopping.is_set():
            self.refresh()
            self._stopping.wait(self._poll_s)

    def _attempt(self, name: str, step: Callable[[str], str]) -> None:
        try:
            reason = step(name)
        except AisleError as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a new model, the old one stays in use
            reason = f"{type(error).__name__}: {error}"
        if reason and reason != self._reasons[name]:
            _LOG.warning("model %s: %s", name, reason)
        self._reasons[name] = reason

    def _refresh(self, name: str) -> str:
        version = self._source.champion(name)
        if version is None:
            return "no champion is registered: run `aisle train all`"
        if version in self._refused:
            return self._refused[version]
        loaded = self._models.get(name)
        if loaded is None or loaded.version != version:
            self._swap(self._load(version, self._fetch(version), "mlflow"))
        elif loaded.origin != "mlflow":
            self._models[name] = LoadedModel(version, loaded.model, "mlflow")
        return ""

    def _restore(self, name: str) -> str:
        pointer = self._directory / name / _CURRENT_FILE
        if not pointer.exists():
            return "no model was loaded yet"
        version = ModelVersion(**json.loads(pointer.read_text(encoding="utf-8")))
        self._models[name] = self._load(version, self._directory / name / version.key, "snapshot")
        return ""

    def _load(self, version: ModelVersion, files: Path, origin: str) -> LoadedModel:
        try:
            return LoadedModel(version, self._loaders[version.name](files), origin)
        except ModelRefusedError as error:
            reason = f"version {version.version} is refused: {error}"
            # A snapshot may have been damaged here: it is fetched anew.
            shutil.rmtree(files, ignore_errors=True)
            if origin == "mlflow":
                self._refused[version] = reason
            raise ModelRefusedError(reason) from error

    def _fetch(self, version: ModelVersion) -> Path:
        """Download into the snapshots; a directory that carries its final name is complete."""
        place = self._directory / version.name / version.key
        if not place.exists():
            unfinished = place.with_name(f"{place.name}.part")
            shutil.rmtree(unfinished, ignore_errors=True)
            self._source.download(version, unfinished)
            unfinished.rename(place)
        return place

    def _swap(self, loaded: LoadedModel) -> None:
        version = loaded.version
        self._models[version.name] = loaded
        _LOG.info("model %s: version %s is in use", version.name, version.version)
        home = self._directory / version.name
        pointer = home / f"{_CURRENT_FILE}.part"
        pointer.write_text(json.dumps(asdict(version)), encoding="utf-8")
        pointer.replace(home / _CURRENT_FILE)
        for old in home.iterdir():
            if old.is_dir() and old.name != version.key:
                shutil.rmtree(old, ignore_errors=True)
