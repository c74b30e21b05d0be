"""Writes the OpenAPI documents of both servers, and the Python client's types that are made of them.

``make clients`` runs it, and then the TypeScript client's own script.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from deployment.bootstrap.api import build_api
from deployment.bootstrap.collector import build_collector
from deployment.settings import Settings

CLIENTS = Path(__file__).parents[1]
DOCUMENTS = {
    "model_server": CLIENTS / "openapi" / "model-server.json",
    "collector": CLIENTS / "openapi" / "collector.json",
}
_CODEGEN = (
    *("--input-file-type", "openapi", "--output-model-type", "typing.TypedDict", "--target-python-version", "3.11"),
    *("--use-standard-collections", "--use-union-operator", "--enum-field-as-literal", "all", "--disable-timestamp"),
    *("--formatters", "builtin"),
)


def main() -> None:
    """Write all that is made of the servers as they are now."""
    for name, page in pages().items():
        DOCUMENTS[name].write_text(json.dumps(page, indent=1) + "\n", encoding="utf-8")
        write_types(DOCUMENTS[name], types_of(name))


def types_of(name: str) -> Path:
    """Return the module of the Python client that has the types of a server."""
    return CLIENTS / "python" / "aisle_client" / f"{name}_types.py"


def pages() -> Mapping[str, dict[str, Any]]:
    """Return the OpenAPI document of each server, with its guard, as it describes itself now."""
    with TemporaryDirectory() as directory:
        settings = Settings(data_dir=Path(directory))
        return {"model_server": build_api(settings).openapi(), "collector": build_collector(settings).openapi()}


def write_types(document: Path, module: Path) -> None:
    """Write the ``TypedDict`` of each schema of an OpenAPI document."""
    tool = Path(sys.executable).with_name("datamodel-codegen")
    subprocess.run([tool, "--input", document, "--output", module, *_CODEGEN], check=True)


if __name__ == "__main__":
    main()
