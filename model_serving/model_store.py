"""The models in use: loaded by alias in the background, swapped at once, kept when a load fails."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

from contracts.errors import AisleError, ModelRefusedError
from ml_modeling.trained_model import CHAMPION
from model_serving.model_snapshots import ModelSnapshots
from model_serving.model_source import ModelAlias, ModelSource, ModelVersion

_LOG = logging.getLogger(__name__)

# Reads a model and lets it answer once; raises ``ModelRefusedError``, and the version is not tried again.
Loader = Callable[[Path], Any]


@dataclass(frozen=True)
class LoadedModel:
    """A model in use, and whether it came from the registry (``mlflow``) or from the last ``snapshot``."""

    version: ModelVersion
    model: Any
    origin: str


class ModelStore:
    """Holds one model per alias. Reading is one look into a dictionary; only the polling thread writes.

    Wanted are the champions of all ``loaders``, and what ``others`` says at each look.
    """

    def __init__(
        self,
        source: ModelSource,
        loaders: Mapping[str, Loader],
        others: Callable[[], Collection[ModelAlias]],
        directory: Path,
        poll_s: float,
    ) -> None:
        self._source = source
        self._loaders = loaders
        self._others = others
        self._snapshots = ModelSnapshots(directory)
        self._poll_s = poll_s
        self._models: dict[ModelAlias, LoadedModel] = {}
        self._reasons: dict[ModelAlias, str] = {}
        self._refused: dict[ModelVersion, str] = {}
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="model-poll", daemon=True)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the models of which the champion is looked for."""
        return tuple(self._loaders)

    def current(self, name: str, alias: str = CHAMPION) -> LoadedModel | None:
        """Return the model in use, ``None`` before the first."""
        return self._models.get(ModelAlias(name, alias))

    def reason(self, name: str, alias: str = CHAMPION) -> str:
        """Return what the last look for this model met with; empty where all is well."""
        return self._reasons.get(ModelAlias(name, alias), "not looked for yet")

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
        for wanted in self._wanted():
            self._attempt(wanted, self._restore)

    def refresh(self) -> None:
        """Look once for all that is wanted, load what is new, and let go of what is wanted no more."""
        all_wanted = self._wanted()
        for gone in self._models.keys() - all_wanted:
            self._release(gone)
        for wanted in all_wanted:
            self._attempt(wanted, self._refresh)

    def _run(self) -> None:
        self.restore()
        while not self._stopping.is_set():
            self.refresh()
            self._stopping.wait(self._poll_s)

    def _wanted(self) -> Collection[ModelAlias]:
        """Return the champions first: whoever is in no experiment waits for no other model."""
        return dict.fromkeys([*map(ModelAlias, self._loaders), *self._others()]).keys()

    def _attempt(self, wanted: ModelAlias, step: Callable[[ModelAlias], str]) -> None:
        try:
            reason = step(wanted)
        except AisleError as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a new model, the old one stays in use
            reason = f"{type(error).__name__}: {error}"
        if reason and reason != self._reasons.get(wanted):
            _LOG.warning("model %s: %s", wanted, reason)
        self._reasons[wanted] = reason

    def _refresh(self, wanted: ModelAlias) -> str:
        version = self._source.find(wanted)
        if version is None:
            return self._unregistered(wanted)
        if version in self._refused:
            return self._refused[version]
        loaded = self._models.get(wanted)
        if loaded is None or loaded.version != version:
            self._swap(wanted, self._held(version) or self._downloaded(version))
        elif loaded.origin != "mlflow":
            self._models[wanted] = replace(loaded, origin="mlflow")
        return ""

    def _restore(self, wanted: ModelAlias) -> str:
        version = self._snapshots.last(wanted)
        if version is None:
            return "no model was loaded yet"
        self._put(wanted, self._held(version) or self._load(version, self._snapshots.files(version), "snapshot"))
        return ""

    def _unregistered(self, wanted: ModelAlias) -> str:
        """Keep a champion that lost its alias: it answers all. Another model is in use for nothing but its alias."""
        if wanted.alias == CHAMPION:
            return "no champion is registered: run `aisle train all`"
        self._release(wanted)
        return f"no version of {wanted.name} has the alias {wanted.alias} in MLflow"

    def _held(self, version: ModelVersion) -> LoadedModel | None:
        """Return a version that is in use by any alias: no model is in memory twice."""
        return next((loaded for loaded in self._models.values() if loaded.version == version), None)

    def _downloaded(self, version: ModelVersion) -> LoadedModel:
        return self._load(version, self._snapshots.fetched(version, self._source.download), "mlflow")

    def _load(self, version: ModelVersion, files: Path, origin: str) -> LoadedModel:
        try:
            return LoadedModel(version, self._loaders[version.name](files), origin)
        except ModelRefusedError as error:
            reason = f"version {version.version} is refused: {error}"
            # A snapshot may have been damaged here: it is fetched anew.
            self._snapshots.discard(version)
            if origin == "mlflow":
                self._refused[version] = reason
            raise ModelRefusedError(reason) from error

    def _swap(self, wanted: ModelAlias, loaded: LoadedModel) -> None:
        self._put(wanted, loaded)
        _LOG.info("model %s: version %s is in use", wanted, loaded.version.version)
        self._snapshots.remember(wanted, loaded.version)
        self._tidy(wanted.name)

    def _put(self, wanted: ModelAlias, loaded: LoadedModel) -> None:
        self._models[wanted] = loaded
        # All that is there by now stays. Were it looked through for garbage, every request would wait meanwhile.
        gc.freeze()

    def _release(self, unwanted: ModelAlias) -> None:
        if self._models.pop(unwanted, None) is not None:
            _LOG.info("model %s: no longer in use", unwanted)
            self._tidy(unwanted.name)

    def _tidy(self, name: str) -> None:
        in_use = {alias: loaded.version for alias, loaded in self._models.items() if alias.name == name}
        self._snapshots.keep_only(name, in_use)
