"""Airflow 3 with Aisle's DAGs: what it consists of, its configuration, its password and its health.

Not ``airflow standalone``: that one starts two log servers on every address of the machine, a triggerer that no task
here needs and 32 workers, and on TERM it leaves all of them behind.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from contracts.errors import NotReadyError
from deployment.local_stack.logs import last_lines
from deployment.local_stack.ports import PortUse
from deployment.settings import PROJECT_ROOT, Settings

DAGS_FOLDER = PROJECT_ROOT / "airflow_dags"
USER = "admin"

_LOOPBACK = "127.0.0.1"
_ANSWER_WITHIN_S = 5.0
_MIGRATE_WITHIN_S = 120
_VITAL = ("scheduler", "dag_processor")


class AirflowServer:
    """The Airflow of one data directory; nothing is started here.

    Parameters
    ----------
    settings
        Say where the data is and which port the API has.
    environment
        What every process of it inherits; Airflow's own variables are replaced.
    """

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        self.home = settings.data_dir / "airflow"
        self.url = f"http://{_LOOPBACK}:{settings.airflow.port}"
        self.port = PortUse("airflow", _LOOPBACK, settings.airflow.port, "AISLE_AIRFLOW__PORT")
        # Where Airflow itself looks for it.
        self.password_file = self.home / "simple_auth_manager_passwords.json.generated"
        self._log_dir = settings.log_dir
        foreign = {name: value for name, value in environment.items() if not name.startswith("AIRFLOW")}
        self.environment = foreign | self._variables(settings)

    def log_path(self, component: str) -> Path:
        """Return the log file of a component; the run before has ``.1`` behind it."""
        return self._log_dir / f"airflow-{component}.log"

    def commands(self) -> dict[str, list[str]]:
        """Return the command line of each component; ``prepare`` must have run."""
        airflow = [sys.executable, "-m", "airflow"]
        return {
            "api-server": [*airflow, "api-server"],
            "dag-processor": [*airflow, "dag-processor"],
            # The log server would listen on every address; the API reads the log files from the disk.
            "scheduler": [*airflow, "scheduler", "--skip-serve-logs"],
        }

    def prepare(self) -> bool:
        """Make the home, the password and the database where they are missing; say whether the password is new.

        Raises ``NotReadyError`` with Airflow's last words when the database cannot be made.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        # The database and the task logs in it are made world-readable.
        self.home.chmod(0o700)
        self._log_dir.mkdir(parents=True, exist_ok=True)
        is_new = self._keep_password()
        self._migrate()
        return is_new

    def password(self) -> str:
        """Return the password of ``admin``."""
        return str(json.loads(self.password_file.read_text("utf-8"))[USER])

    def api_answers(self) -> bool:
        """Say whether the API answers."""
        return bool(self._health())

    def is_healthy(self) -> bool:
        """Say whether the API answers and both the scheduler and the DAG processor send heartbeats."""
        health = self._health()
        return all(health.get(part, {}).get("status") == "healthy" for part in _VITAL)

    def missing_dags(self) -> set[str]:
        """Return the DAG files, by name, whose DAG Airflow does not know (yet)."""
        expected = {file.stem for file in DAGS_FOLDER.glob("[!_]*.py")}
        return expected - {dag["dag_id"] for dag in self._listed("dags")}

    def broken_dags(self) -> set[str]:
        """Return the DAG files, by name, that cannot be imported."""
        return {Path(error["filename"]).stem for error in self._listed("import_errors", "importErrors")}

    def _listed(self, key: str, path: str = "") -> list[dict[str, Any]]:
        """Return what the API lists; nothing when it does not answer."""
        with httpx.Client(base_url=self.url, timeout=_ANSWER_WITHIN_S) as api:
            try:
                login = api.post("/auth/token", json={"username": USER, "password": self.password()})
                token = login.raise_for_status().json()["access_token"]
                answer = api.get(f"/api/v2/{path or key}", headers={"Authorization": f"Bearer {token}"})
                return list(answer.raise_for_status().json()[key])
            except httpx.HTTPError:
                return []

    def _health(self) -> dict[str, Any]:
        try:
            answer = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=_ANSWER_WITHIN_S)
            return dict(answer.raise_for_status().json())
        except (httpx.HTTPError, ValueError):
            return {}

    def _variables(self, settings: Settings) -> dict[str, str]:
        options = {
            "CORE__DAGS_FOLDER": DAGS_FOLDER,
            "CORE__LOAD_EXAMPLES": False,
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": False,
            "CORE__EXECUTOR": "LocalExecutor",
            # A task is a Spark driver or a training: more of them at once only take each other's memory.
            "CORE__PARALLELISM": 2,
            "CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home / 'airflow.db'}",
            "API__HOST": _LOOPBACK,
            "API__PORT": settings.airflow.port,
            "API__BASE_URL": self.url,
            "API__WORKERS": 1,
            "DAG_PROCESSOR__PARSING_PROCESSES": 1,
        }
        return {
            "AIRFLOW_HOME": str(self.home),
            # Airflow renames its processes; this keeps it from writing the name over AIRFLOW_HOME, their mark.
            "SPT_NOENV": "1",
            **{f"AIRFLOW__{name}": str(value) for name, value in options.items()},
        }

    def _keep_password(self) -> bool:
        """Airflow would write the file itself, readable by everybody, and the password into its log."""
        if self.password_file.exists():
            self.password_file.chmod(0o600)
            return False
        self.password_file.touch(mode=0o600)
        self.password_file.write_text(json.dumps({USER: secrets.token_urlsafe(12)}) + "\n", encoding="utf-8")
        return True

    def _migrate(self) -> None:
        """Also writes ``airflow.cfg``, whose secrets the components would otherwise each make up."""
        log = self.log_path("migrate")
        with log.open("w", encoding="utf-8") as file:
            done = subprocess.run(
                [sys.executable, "-m", "airflow", "db", "migrate"],
                env=self.environment,
                cwd=self.home,
                stdout=file,
                stderr=subprocess.STDOUT,
                timeout=_MIGRATE_WITHIN_S,
                check=False,
            )
        if done.returncode:
            msg = f"Airflow's database in {self.home} cannot be made: {' '.join(last_lines(log, 1))} (see {log})"
            raise NotReadyError(msg)
