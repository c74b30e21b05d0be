"""Registers trained models in MLflow: run, files, version, and the alias ``champion``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import version as installed_version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow.pyfunc
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import Timeout

from contracts import Clock
from contracts.errors import RegistryUnavailableError
from ml_modeling.pyfunc_signatures import PYFUNCS
from ml_modeling.trained_model import CHAMPION, FILES, Registered, TrainedModel

# To MLflow an alias that is not set is an invalid parameter, and only a model that is not there does not exist.
_NO_CHAMPION = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


class ModelRegistry:
    """MLflow behind one call. An interrupted registration leaves a run without a version, never half a version."""

    def __init__(self, client: MlflowClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    def register(self, trained: TrainedModel) -> Registered:
        """Log a run, upload the model, make it a version of ``trained.name`` and decide who is champion.

        Raises ``RegistryUnavailableError`` where MLflow does not answer.
        """
        with self._naming_the_server():
            experiment_id = self._experiment(trained.name)
            run_id = self._client.create_run(experiment_id, start_time=self._now_ms()).info.run_id
            try:
                registered = self._register_in_run(trained, experiment_id, run_id)
            except BaseException:
                with suppress(MlflowException, OSError):
                    self._client.set_terminated(run_id, "FAILED", end_time=self._now_ms())
                raise
            self._client.set_terminated(run_id, "FINISHED", end_time=self._now_ms())
            return registered

    def _register_in_run(self, trained: TrainedModel, experiment_id: str, run_id: str) -> Registered:
        self._log(run_id, trained)
        model_id = self._upload(trained, experiment_id, run_id)
        is_champion, decision = self._decide(trained)
        self._client.set_tag(run_id, "champion_decision", decision)
        version = self._create_version(trained, run_id, model_id)
        if is_champion:
            self._client.set_registered_model_alias(trained.name, CHAMPION, version)
        return Registered(version, is_champion, decision)

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        return str(found.experiment_id if found else self._client.create_experiment(name))

    def _log(self, run_id: str, trained: TrainedModel) -> None:
        at = self._now_ms()
        metrics = [Metric(name, float(value), at, 0) for name, value in trained.metrics.items()]
        params = [Param(name, str(value)) for name, value in {**trained.params, **_data_params(trained)}.items()]
        tags = [RunTag("note", trained.note)] if trained.note else []
        self._client.log_batch(run_id, metrics=metrics, params=params, tags=tags)

    def _upload(self, trained: TrainedModel, experiment_id: str, run_id: str) -> str:
        logged = self._client.create_logged_model(experiment_id, name=trained.name, source_run_id=run_id)
        with TemporaryDirectory(prefix="aisle-model-") as scratch:
            self._client.log_model_artifacts(logged.model_id, str(_save_pyfunc(trained, Path(scratch))))
        self._client.finalize_logged_model(logged.model_id, "READY")
        return str(logged.model_id)

    def _create_version(self, trained: TrainedModel, run_id: str, model_id: str) -> str:
        with _unless_there():
            self._client.create_registered_model(trained.name)
        made = self._client.create_model_version(
            trained.name, f"models:/{model_id}", run_id=run_id, model_id=model_id, await_creation_for=0
        )
        return str(made.version)

    def _decide(self, trained: TrainedModel) -> tuple[bool, str]:
        """Champion is whoever beats the plain baseline, and anyone where there is no champion yet."""
        measured = f"{trained.metric} {_shown(trained.value)} against the baseline's {_shown(trained.baseline)}"
        if trained.beats_baseline:
            return True, f"champion: {measured}"
        if self._champion(trained.name) is None:
            return True, f"champion, because there was none: {measured}"
        return False, f"not champion: {measured}"

    def _champion(self, name: str) -> str | None:
        try:
            return str(self._client.get_model_version_by_alias(name, CHAMPION).version)
        except MlflowException as error:
            if error.error_code in _NO_CHAMPION:
                return None
            raise

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)

    @contextmanager
    def _naming_the_server(self) -> Iterator[None]:
        try:
            yield
        except (MlflowException, RequestsConnectionError, Timeout) as error:
            if isinstance(error, MlflowException) and not _is_connection_failure(error):
                raise
            uri = self._client.tracking_uri
            msg = f"MLflow at {uri} does not answer: start it with `aisle up`, or set AISLE_MLFLOW__SERVER_URI"
            raise RegistryUnavailableError(msg) from error


@contextmanager
def _unless_there() -> Iterator[None]:
    """Pass over the error that the thing to be made is there already."""
    try:
        yield
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _is_connection_failure(error: MlflowException) -> bool:
    """MLflow wraps a connection error of requests into its own, without a code of its own for it."""
    return isinstance(error.__cause__ or error.__context__, OSError)


def _save_pyfunc(trained: TrainedModel, scratch: Path) -> Path:
    pyfunc, files = PYFUNCS[trained.name], scratch / FILES
    files.mkdir()
    trained.model.save(files)
    mlflow.pyfunc.save_model(
        str(scratch / "model"),
        loader_module=pyfunc.loader_module,
        data_path=str(files),
        signature=pyfunc.signature,
        input_example=pyfunc.input_example,
        pip_requirements=[f"{name}=={installed_version(name)}" for name in pyfunc.requirements],
    )
    return scratch / "model"


def _data_params(trained: TrainedModel) -> Mapping[str, Any]:
    return {f"data_version.{table}": version for table, version in trained.data_versions.items()}


def _shown(value: float | None) -> str:
    return "(too little data to measure)" if value is None else f"{value:.4f}"
