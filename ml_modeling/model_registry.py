"""Registers trained models in MLflow: run, files, model card, version, and who is champion or challenger."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version as installed_version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow.pyfunc
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from contracts import Clock
from ml_modeling.mlflow_errors import naming_the_server, passing_over
from ml_modeling.model_versions import GATE, GATE_PASSED, GATE_REFUSED, ModelVersions
from ml_modeling.pyfunc_signatures import PYFUNCS
from ml_modeling.trained_model import FILES, MODEL_CARD, PLOTS, ModelCard, Registered, TrainedModel

# Tags by which MLflow's pages show the commit of a run.
_GIT_COMMIT = "mlflow.source.git.commit"


class ModelRegistry:
    """MLflow behind one call. An interrupted registration leaves a run without a version, never half a version.

    With ``promotes``, a version that the gate lets pass is the champion at once.
    """

    def __init__(self, client: MlflowClient, clock: Clock, promotes: bool = False) -> None:
        self._client = client
        self._clock = clock
        self._promotes = promotes
        self._versions = ModelVersions(client)

    def register(self, trained: TrainedModel) -> Registered:
        """Log a run, upload the model, make it a version of ``trained.name`` and decide who is champion.

        Raises ``RegistryUnavailableError`` where MLflow does not answer or cannot store, or no room is left here.
        """
        with naming_the_server(self._client):
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
            self._versions.make_champion(trained.name, version)
        else:
            self._versions.make_challenger(trained.name, version)
        return Registered(version, is_champion, decision)

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        return str(found.experiment_id if found else self._client.create_experiment(name))

    def _log(self, run_id: str, trained: TrainedModel) -> None:
        at = self._now_ms()
        metrics = [Metric(name, float(value), at, 0) for name, value in trained.metrics.items()]
        params = [Param(name, str(value)) for name, value in {**trained.params, **_data_params(trained)}.items()]
        tags = {"note": trained.note, _GIT_COMMIT: trained.git_commit}
        set_tags = [RunTag(name, value) for name, value in tags.items() if value]
        self._client.log_batch(run_id, metrics=metrics, params=params, tags=set_tags)
        if trained.card:
            self._log_card(run_id, trained.card)

    def _log_card(self, run_id: str, card: ModelCard) -> None:
        with TemporaryDirectory(prefix="aisle-card-") as scratch:
            plots = Path(scratch) / PLOTS
            plots.mkdir()
            for name, png in card.plots.items():
                (plots / name).write_bytes(png)
            (Path(scratch) / MODEL_CARD).write_text(card.page, encoding="utf-8")
            self._client.log_artifacts(run_id, scratch)

    def _upload(self, trained: TrainedModel, experiment_id: str, run_id: str) -> str:
        logged = self._client.create_logged_model(experiment_id, name=trained.name, source_run_id=run_id)
        with TemporaryDirectory(prefix="aisle-model-") as scratch:
            self._client.log_model_artifacts(logged.model_id, str(_save_pyfunc(trained, Path(scratch))))
        self._client.finalize_logged_model(logged.model_id, "READY")
        return str(logged.model_id)

    def _create_version(self, trained: TrainedModel, run_id: str, model_id: str) -> str:
        with passing_over("RESOURCE_ALREADY_EXISTS"):
            self._client.create_registered_model(trained.name)
        made = self._client.create_model_version(
            trained.name,
            f"models:/{model_id}",
            run_id=run_id,
            model_id=model_id,
            tags={GATE: GATE_PASSED if trained.verdict.passed else GATE_REFUSED},
            await_creation_for=0,
        )
        return str(made.version)

    def _decide(self, trained: TrainedModel) -> tuple[bool, str]:
        """Return whether it is the champion now, and why: where there is none yet, even a weak one is."""
        verdict = trained.verdict
        if self._versions.champion(trained.name) is None and verdict.is_fair:
            return True, f"champion, because there was none: {verdict}"
        if verdict.passed and self._promotes:
            return True, f"champion: {verdict}"
        return False, f"challenger{', may be promoted' if verdict.passed else ''}: {verdict}"

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


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
