"""Where the model server gets models from: MLflow's REST API, without its client.

Importing mlflow takes 4 s and 150 MB in the process that must answer first; three GETs are all that is needed.
https://mlflow.org/docs/latest/api_reference/rest-api.html
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import httpx

from contracts.errors import NotReadyError, RegistryUnavailableError
from ml_modeling.trained_model import CHAMPION, DATA_DIRECTORY

_NOT_FOUND = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
_PROXIED = "mlflow-artifacts:/"


class ModelAlias(NamedTuple):
    """The name of a model, and the alias of the version that is wanted of it."""

    name: str
    alias: str = CHAMPION

    def __str__(self) -> str:
        """Return the name alone for the champion, else both as MLflow writes them."""
        return self.name if self.alias == CHAMPION else f"{self.name}@{self.alias}"


@dataclass(frozen=True)
class ModelVersion:
    """One registered version. ``run_id`` tells it from the same number in a registry that was made anew."""

    name: str
    version: str
    run_id: str

    @property
    def key(self) -> str:
        """A name for the version that fits into a path."""
        return f"{self.version}-{self.run_id}"


class ModelSource(Protocol):
    """What the model server needs of a registry."""

    def find(self, wanted: ModelAlias) -> ModelVersion | None:
        """Return the version that has the alias, ``None`` where none has; raises ``RegistryUnavailableError``."""
        ...

    def download(self, version: ModelVersion, directory: Path) -> None:
        """Write the model's own files into a directory; raises ``RegistryUnavailableError``."""
        ...

    def close(self) -> None:
        """Free the connections."""
        ...


class MlflowModelSource:
    """MLflow's registry through its REST API. ``client`` has the server as its base URL, and a timeout."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def find(self, wanted: ModelAlias) -> ModelVersion | None:
        """Return the version that has the alias, ``None`` where none has."""
        found = self._get("/api/2.0/mlflow/registered-models/alias", wanted._asdict(), may_be_missing=True)
        if found is None:
            return None
        version = found["model_version"]
        return ModelVersion(wanted.name, str(version["version"]), version["run_id"])

    def download(self, version: ModelVersion, directory: Path) -> None:
        """Write the files that the model's ``save`` wrote; raises ``NotReadyError`` where the server has none."""
        root = f"{self._artifact_root(version)}/{DATA_DIRECTORY}"
        listed = self._get("/api/2.0/mlflow-artifacts/artifacts", {"path": root}) or {}
        files = [file["path"] for file in listed.get("files", []) if not file.get("is_dir")]
        if not files:
            msg = f"MLflow holds no files of {version.name} version {version.version} under {root}"
            raise NotReadyError(msg)
        directory.mkdir(parents=True, exist_ok=True)
        for file in files:
            name = Path(file).name
            (directory / name).write_bytes(self._answer(f"/api/2.0/mlflow-artifacts/artifacts/{root}/{name}").content)

    def close(self) -> None:
        """Free the connections."""
        self._client.close()

    def _artifact_root(self, version: ModelVersion) -> str:
        """Return the model's directory inside the server's artifact store."""
        found = self._get(
            "/api/2.0/mlflow/model-versions/get-download-uri", {"name": version.name, "version": version.version}
        )
        uri = str((found or {}).get("artifact_uri", ""))
        if not uri.startswith(_PROXIED):
            msg = (
                f"the files of {version.name} are at {uri}: expected an MLflow server that runs with --serve-artifacts"
            )
            raise NotReadyError(msg)
        return uri.removeprefix(_PROXIED).strip("/")

    def _get(self, path: str, query: dict[str, str], may_be_missing: bool = False) -> dict[str, Any] | None:
        answer = self._answer(path, query, may_be_missing)
        if answer.is_error:
            return None
        body: dict[str, Any] = answer.json()
        return body

    def _answer(self, path: str, query: dict[str, str] | None = None, may_be_missing: bool = False) -> httpx.Response:
        try:
            answer = self._client.get(path, params=query)
            if may_be_missing and answer.is_error and answer.json().get("error_code") in _NOT_FOUND:
                return answer
            answer.raise_for_status()
        except (httpx.HTTPError, ValueError) as error:
            msg = f"MLflow at {self._client.base_url} does not answer: {error}"
            raise RegistryUnavailableError(msg) from error
        return answer
