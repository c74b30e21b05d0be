"""Every port, path and secret: the only module that reads the environment.

A setting is an environment variable ``AISLE_<GROUP>__<FIELD>``, for example ``AISLE_KAFKA__PORT=29092`` or
``AISLE_DATA_DIR=/var/lib/aisle``. A misspelt group or field is an error, never ignored.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from contracts.errors import InvalidSettingError

PROJECT_ROOT = Path(__file__).resolve().parents[1]
_PREFIX = "AISLE_"
_LOOPBACK = "127.0.0.1"


def _absolute_if_set(path: str) -> str:
    return str(Path(path).absolute()) if path else path


def _absolute_unless_uri(place: str) -> str:
    return str(Path(place).absolute()) if place and "://" not in place else place


_ORIGIN = r"https?://[^\s/,*]+"
_ORIGINS = rf"^(\*|{_ORIGIN}(\s*,\s*{_ORIGIN})*)?$"
AccessMode = Literal["keys", "open"]
Port = Annotated[int, Field(ge=1024, le=65535)]
# Child processes run in other directories.
AbsolutePath = Annotated[Path, AfterValidator(Path.absolute)]
OptionalPath = Annotated[str, AfterValidator(_absolute_if_set)]
AbsolutePathOrUri = Annotated[str, AfterValidator(_absolute_unless_uri)]


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KafkaSettings(_Group):
    """The broker: started by the stack unless ``servers`` names another."""

    port: Port = 19092
    controller_port: Port = 19093
    heap: str = "512m"
    servers: str = ""

    @property
    def bootstrap_servers(self) -> str:
        """The broker list that clients connect to."""
        return self.servers or f"{_LOOPBACK}:{self.port}"


class RedisSettings(_Group):
    """The online store: started by the stack unless ``server_url`` names another."""

    port: Port = 16379
    max_memory: str = "512mb"
    server_url: str = ""

    @property
    def url(self) -> str:
        """The URL that clients connect to."""
        return self.server_url or f"redis://{_LOOPBACK}:{self.port}/0"


class MlflowSettings(_Group):
    """The model registry: started by the stack unless ``server_uri`` names another."""

    port: Port = 15000
    server_uri: str = ""

    @property
    def tracking_uri(self) -> str:
        """The URI that clients connect to."""
        return self.server_uri or f"http://{_LOOPBACK}:{self.port}"


class ApiSettings(_Group):
    """The model server. ``access``: ``keys`` (see `aisle access`), or ``open`` to all of this machine.

    ``cache``: lists that would be the same are not made anew.
    """

    host: str = _LOOPBACK
    port: Port = 18080
    access: AccessMode = "keys"
    model_poll_s: float = Field(default=2.0, gt=0)
    cache: bool = True


class CollectorSettings(_Group):
    """The HTTP collector. ``enabled``: the stack runs it too. ``cors_origins``: web origins, with commas, or ``*``.

    ``access``: as of the model server.
    """

    enabled: bool = False
    host: str = _LOOPBACK
    port: Port = 18082
    access: AccessMode = "keys"
    max_body_bytes: int = Field(default=1024 * 1024, ge=1024, le=4 * 1024 * 1024)
    max_batch_events: int = Field(default=1000, ge=1)
    cors_origins: Annotated[str, Field(pattern=_ORIGINS)] = ""

    @property
    def allowed_origins(self) -> list[str]:
        """The origins one by one."""
        return [origin.strip() for origin in self.cors_origins.split(",") if origin.strip()]


class TlsSettings(_Group):
    """TLS of the model server and the collector: PEM files of a certificate, its chain behind it, and of its key."""

    certificate: OptionalPath = ""
    key: OptionalPath = ""

    @property
    def scheme(self) -> str:
        """What the addresses of both servers begin with."""
        return "https" if self.certificate or self.key else "http"


class FeatureSettings(_Group):
    """Features read online: ``logged_read_ratio`` of them are kept for `aisle features parity`; 0 keeps none."""

    logged_read_ratio: float = Field(default=0.01, ge=0, le=1)


class ConnectSettings(_Group):
    """The connectors: where their metrics page is, and the secrets that sources name.

    ``AISLE_CONNECT__SECRETS__WEATHER_KEY`` is the secret ``weather_key``.
    """

    metrics_host: str = _LOOPBACK
    metrics_port: Port = 18083
    secrets: dict[str, SecretStr] = {}


class LiveSettings(_Group):
    """The real-time path: where its metrics page is."""

    metrics_host: str = _LOOPBACK
    metrics_port: Port = 18084


class LogSettings(_Group):
    """Logs of what runs on. ``auto``: text on a terminal, JSON elsewhere. ``debug`` adds a line for each request."""

    format: Literal["auto", "text", "json"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


class TracingSettings(_Group):
    """Traces, sent to ``endpoint`` by OTLP over HTTP (``http://127.0.0.1:4318/v1/traces``); none without one.

    ``sampled_ratio`` of the requests are traced, and those whose ``traceparent`` says so.
    """

    endpoint: Annotated[str, Field(pattern=rf"^({_ORIGIN}(/\S*)?)?$")] = ""
    sampled_ratio: float = Field(default=0.01, ge=0, le=1)


class SparkSettings(_Group):
    """Spark: ``local[*]`` here, a cluster manager elsewhere."""

    master: str = "local[2]"
    driver_memory: str = "2g"
    trigger_s: float = Field(default=1.0, gt=0)
    max_rejected_ratio: float = Field(default=0.5, gt=0, le=1)


class ScoringSettings(_Group):
    """Batch scoring: ``threads`` of one machine; ``spark`` where there are more customers than these do in a night."""

    engine: Literal["threads", "spark"] = "threads"


class TrainingSettings(_Group):
    """Training: ALS runs in ``threads`` of one machine, or on ``spark`` for more visits than fit into its memory."""

    als: Literal["threads", "spark"] = "threads"


class AirflowSettings(_Group):
    """Airflow's web server and API."""

    port: Port = 18081


class Settings(BaseSettings):
    """All settings of one stack."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True)

    data_dir: AbsolutePath = PROJECT_ROOT / ".aisle" / "data"
    jars_dir: AbsolutePath = PROJECT_ROOT / ".aisle" / "jars"
    lake_uri: AbsolutePathOrUri = ""
    kafka: KafkaSettings = KafkaSettings()
    redis: RedisSettings = RedisSettings()
    mlflow: MlflowSettings = MlflowSettings()
    api: ApiSettings = ApiSettings()
    collector: CollectorSettings = CollectorSettings()
    tls: TlsSettings = TlsSettings()
    connect: ConnectSettings = ConnectSettings()
    live: LiveSettings = LiveSettings()
    features: FeatureSettings = FeatureSettings()
    spark: SparkSettings = SparkSettings()
    scoring: ScoringSettings = ScoringSettings()
    training: TrainingSettings = TrainingSettings()
    airflow: AirflowSettings = AirflowSettings()
    logs: LogSettings = LogSettings()
    tracing: TracingSettings = TracingSettings()

    @property
    def lake(self) -> str:
        """Where the tables are: a directory, or an ``s3a://`` URI."""
        return self.lake_uri or str(self.data_dir / "lake")

    @property
    def log_dir(self) -> Path:
        """One log file per process."""
        return self.data_dir / "logs"

    @property
    def run_dir(self) -> Path:
        """Sockets, pid files and generated configuration."""
        return self.data_dir / "run"


def load_settings() -> Settings:
    """Read the settings from the environment; raises ``InvalidSettingError`` naming the variable."""
    _refuse_unknown_groups()
    try:
        return Settings()
    except SettingsError as error:
        msg = f"{error}: expected variables such as {_PREFIX}KAFKA__PORT"
        raise InvalidSettingError(msg) from error
    except ValidationError as error:
        first = error.errors()[0]
        name = _PREFIX + "__".join(str(part).upper() for part in first["loc"])
        msg = f"{name}={first['input']!r}: {first['msg']}"
        raise InvalidSettingError(msg) from error


# Where Feast was imported, Prometheus' counters would go through files that are shared between processes.
_SET_BY_FEAST = "PROMETHEUS_MULTIPROC_DIR"


def child_environment(settings: Settings) -> dict[str, str]:
    """Return the environment for a child process that must see exactly ``settings``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_PREFIX) and name != _SET_BY_FEAST}
    return kept | dict(_as_variables(_PREFIX, settings.model_dump()))


def configure_mlflow_client() -> None:
    """Make MLflow's client quiet and quick to give up; it takes this from the environment only.

    Call it before mlflow is imported. No telemetry, no progress bars, no ``pip install --dry-run`` of a model's
    requirements; a server that is away is noticed within about 5 s instead of minutes.
    """
    os.environ.update(
        {
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
            "MLFLOW_HTTP_REQUEST_TIMEOUT": "8",
            "MLFLOW_LOGGING_LEVEL": "ERROR",
            "MLFLOW_SKIP_PIP_REQUIREMENTS_CHECK": "true",
            "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        }
    )


def _as_variables(prefix: str, values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _as_variables(f"{prefix}{name}__", value)
        else:
            text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            yield f"{prefix}{name}".upper(), text


def _refuse_unknown_groups() -> None:
    """pydantic-settings passes over a variable whose group is misspelt: refuse it here."""
    known = {name.upper() for name in Settings.model_fields}
    for variable in os.environ:
        if variable.startswith(_PREFIX) and variable.removeprefix(_PREFIX).split("__")[0] not in known:
            msg = f"unknown setting {variable}: expected {_PREFIX} followed by one of {', '.join(sorted(known))}"
            raise InvalidSettingError(msg)
