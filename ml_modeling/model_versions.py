"""The registered versions of a model: which there are, who is champion, and changes of champion."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from mlflow.artifacts import download_artifacts
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from contracts.errors import GateRefusedError, NotReadyError, UnknownNameError
from ml_modeling.mlflow_errors import NOT_THERE, naming_the_server
from ml_modeling.model_summary import VersionSummary
from ml_modeling.trained_model import CHALLENGER, CHAMPION, DATA_DIRECTORY

# Tags of a version: what the gate said, and who was champion before it.
GATE = "gate"
GATE_PASSED = "passed"
GATE_REFUSED = "refused"
_BEFORE = "champion_before"
_DECISION = "champion_decision"

Model = TypeVar("Model")


class ModelVersions:
    """The versions of all models in one MLflow, of whose errors every call makes a ``RegistryUnavailableError``."""

    def __init__(self, client: MlflowClient) -> None:
        self._client = client

    def summaries(self, name: str) -> list[VersionSummary]:
        """Return the versions, newest first."""
        with naming_the_server(self._client):
            found = self._client.search_model_versions(f"name = '{name}'")
            aliases = self._aliases(name) if found else {}
            versions = sorted(found, key=lambda version: -int(version.version))
            return [self._summary(version, aliases) for version in versions]

    def champion(self, name: str) -> str | None:
        """Return the champion's version, ``None`` where there is none."""
        with naming_the_server(self._client):
            return self._of_alias(name, CHAMPION)

    def load_champion(self, name: str, load: Callable[[Path], Model]) -> tuple[VersionSummary, Model] | None:
        """Return the champion and what ``load`` makes of its files, ``None`` where there is none."""
        with naming_the_server(self._client):
            version = self.champion(name)
            if version is None:
                return None
            root = self._client.get_model_version_download_uri(name, version)
            with TemporaryDirectory(prefix="aisle-champion-") as scratch:
                uri = self._client.tracking_uri
                files = download_artifacts(f"{root}/{DATA_DIRECTORY}", dst_path=scratch, tracking_uri=uri)
                model = load(Path(files))
            summary = next(each for each in self.summaries(name) if each.version == version)
            return summary, model

    def make_champion(self, name: str, version: str) -> None:
        """Give a version the alias ``champion``; it remembers whom it follows, for ``rollback``."""
        with naming_the_server(self._client):
            before = self._of_alias(name, CHAMPION)
            if before is not None and before != version:
                self._client.set_model_version_tag(name, version, _BEFORE, before)
            self._client.set_registered_model_alias(name, CHAMPION, version)
            if self._of_alias(name, CHALLENGER) == version:
                self._client.delete_registered_model_alias(name, CHALLENGER)

    def make_challenger(self, name: str, version: str) -> None:
        """Give a version the alias ``challenger``, which it takes from the one before."""
        with naming_the_server(self._client):
            self._client.set_registered_model_alias(name, CHALLENGER, version)

    def give_alias(self, name: str, version: str, alias: str) -> None:
        """Give a version an alias, which it takes from the one before; raises ``UnknownNameError``."""
        with naming_the_server(self._client):
            self._known(name, version)
            self._client.set_registered_model_alias(name, alias, version)

    def take_alias(self, name: str, version: str, alias: str) -> None:
        """Take an alias from a version; raises ``UnknownNameError`` where it does not have it."""
        with naming_the_server(self._client):
            held = self._known(name, version).aliases
            if alias not in held:
                msg = f"{name} version {version} has no alias {alias!r}: expected one of {', '.join(held) or '(none)'}"
                raise UnknownNameError(msg)
            self._client.delete_registered_model_alias(name, alias)

    def promote(self, name: str, version: str | None) -> str:
        """Make ``version``, or else the challenger, the champion, and return it.

        Raises ``NotReadyError`` without a challenger, ``UnknownNameError`` where there is no such version, and
        ``GateRefusedError`` where the gate did not let it pass.
        """
        with naming_the_server(self._client):
            chosen = version or self._of_alias(name, CHALLENGER)
            if chosen is None:
                msg = f"{name} has no challenger: train one, or name a version of `aisle models list {name}`"
                raise NotReadyError(msg)
            found = self._known(name, chosen)
            if found.gate == GATE_REFUSED:
                msg = f"the gate refused {name} version {chosen}: {found.decision}"
                raise GateRefusedError(msg)
            self.make_champion(name, chosen)
            return chosen

    def rollback(self, name: str) -> tuple[str, str]:
        """Make the champion's predecessor champion again; return who was it and who is.

        Raises ``NotReadyError`` where the champion had none.
        """
        with naming_the_server(self._client):
            now = self.champion(name)
            before = self._client.get_model_version(name, now).tags.get(_BEFORE) if now else None
            if now is None or before is None:
                msg = f"{name} has no earlier champion to go back to"
                raise NotReadyError(msg)
            self._client.set_registered_model_alias(name, CHAMPION, before)
            return now, before

    def _known(self, name: str, version: str) -> VersionSummary:
        """Return a version; raises ``UnknownNameError`` where there is none of that number."""
        found = {each.version: each for each in self.summaries(name)}
        if version not in found:
            msg = f"{name} has no version {version}: expected one of {', '.join(found) or '(none)'}"
            raise UnknownNameError(msg)
        return found[version]

    def _of_alias(self, name: str, alias: str) -> str | None:
        try:
            return str(self._client.get_model_version_by_alias(name, alias).version)
        except MlflowException as error:
            if error.error_code in NOT_THERE:
                return None
            raise

    def _aliases(self, name: str) -> Mapping[str, Sequence[str]]:
        """Return the aliases of each version: a search for versions leaves them out."""
        by_version: dict[str, list[str]] = {}
        for alias, version in self._client.get_registered_model(name).aliases.items():
            by_version.setdefault(str(version), []).append(alias)
        return by_version

    def _summary(self, version: ModelVersion, aliases: Mapping[str, Sequence[str]]) -> VersionSummary:
        data = self._client.get_run(str(version.run_id)).data
        created = datetime.fromtimestamp(version.creation_timestamp / 1000, UTC)
        number = str(version.version)
        gate, decision = version.tags.get(GATE, GATE_PASSED), data.tags.get(_DECISION, "")
        return VersionSummary(number, aliases.get(number, ()), created, gate, decision, data.metrics, data.params)
