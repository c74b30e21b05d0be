"""What a training set was made of: enough to make the same bytes again, or to say why they cannot be."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from feast import FeatureService

from contracts.errors import InvalidManifestError
from feature_store.definitions import TABLE_VIEWS
from feature_store.lake_source import source_of
from feature_store.on_demand import ON_DEMAND_VIEWS

_STORED = {view.name: view for view in TABLE_VIEWS}
_ON_DEMAND = {view.name: view for view in ON_DEMAND_VIEWS}


@dataclass(frozen=True)
class Sample:
    """So many of the labels, drawn by a seed."""

    rows: int
    seed: int


@dataclass(frozen=True)
class Manifest:
    """One training set. ``labels`` is a table of the lake or a file's path, then with the hash of its bytes.

    ``versions`` are those of the tables, pinned under the name ``pin``; ``definitions`` is the hash of the service's
    features. ``sha256`` is that of the written file, which depends on pyarrow's version as well.
    """

    service: str
    definitions: str
    labels: str
    labels_sha256: str | None
    time_column: str | None
    sample: Sample | None
    versions: dict[str, int]
    rows: int = 0
    sha256: str = ""
    pyarrow: str = pa.__version__

    @property
    def pin(self) -> str:
        """The name of the pins: the same for the same inputs."""
        inputs = {name: value for name, value in asdict(self).items() if name not in {"rows", "sha256", "pyarrow"}}
        return f"training-set-{_sha256(json.dumps(inputs, sort_keys=True).encode())[:12]}"

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self) | {"pin": self.pin}, indent=2) + "\n", encoding="utf-8")


def read_manifest(path: Path) -> Manifest:
    """Read what ``Manifest.write`` wrote; raises ``InvalidManifestError``."""
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        del values["pin"]
        sample = values.pop("sample")
        return Manifest(**values, sample=Sample(**sample) if sample else None)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        msg = f"manifest {path} cannot be read: {error!r}: expected the file that `aisle features training-set` wrote"
        raise InvalidManifestError(msg) from error


def definitions_hash(service: FeatureService) -> str:
    """Return a hash of what the service's features are: names, types, sources, time to live, functions."""
    projections = service.feature_view_projections
    described = [[each.name, [_field(field) for field in each.features], _origin(each.name)] for each in projections]
    return _sha256(json.dumps(described).encode())


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _origin(name: str) -> list[str]:
    if stored := _STORED.get(name):
        source = source_of(stored)
        return [source.table, source.timestamp_field, source.tie_break, str(stored.ttl)]
    view = _ON_DEMAND[name]
    inputs = view.source_feature_view_projections.values()
    return [view.udf_string or "", *(f"{each.name}:{_field(field)}" for each in inputs for field in each.features)]


def _field(field: Any) -> str:
    return f"{field.name}:{field.dtype}"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
