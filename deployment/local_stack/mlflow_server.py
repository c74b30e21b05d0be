"""The model registry of the local stack: MLflow's server on SQLite and a directory.

It runs MLflow's ASGI application in uvicorn directly, with the variables that ``mlflow server`` would set (its
3.17.2 ``_run_server``): that command stays as a second Python process of 235 MB and takes twice as long to start.
"""

from __future__ import annotations

import sys
from pathlib import Path

from deployment.local_stack.http_health import says_it_is_well
from deployment.settings import Settings

_ANSWER_WITHIN_S = 2.0


def mlflow_command(settings: Settings) -> list[str]:
    """Return the command that runs MLflow in the foreground, on loopback, with one worker.

    Clients send and fetch a model's files through the server, so they need not see its disk.
    """
    database = f"sqlite:///{_directory(settings) / 'mlflow.db'}"
    variables = {
        "_MLFLOW_SERVER_FILE_STORE": database,
        "_MLFLOW_SERVER_REGISTRY_STORE": database,
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(_directory(settings) / "artifacts"),
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "_MLFLOW_SGI_NAME": "uvicorn",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    environment = ["/usr/bin/env", *(f"{name}={value}" for name, value in variables.items())]
    server = [sys.executable, "-W", "ignore", "-m", "uvicorn", "mlflow.server.fastapi_app:app"]
    return [*environment, *server, "--host", "127.0.0.1", "--port", str(settings.mlflow.port), "--no-access-log"]


def prepare_mlflow(settings: Settings) -> None:
    """Make the directory of the database and the models' files; what is there stays."""
    (_directory(settings) / "artifacts").mkdir(parents=True, exist_ok=True)


def mlflow_is_healthy(settings: Settings) -> bool:
    """Say whether MLflow answers."""
    return says_it_is_well(f"{settings.mlflow.tracking_uri}/health", _ANSWER_WITHIN_S)


def _directory(settings: Settings) -> Path:
    return settings.data_dir.absolute() / "mlflow"
