"""The event schemas as files: today's, and a copy of those that were released last."""

from __future__ import annotations

import json
from pathlib import Path

from contracts.compatibility import COMMON, Schemas
from contracts.topics import TOPICS

SCHEMAS = Path(__file__).parent / "schemas"
RELEASED = Path(__file__).parent / "released"


def current_schemas() -> Schemas:
    """Return what producers may send today: a schema that no topic carries does not count."""
    carried = {event_type for topic in TOPICS for event_type in topic.event_types}
    return {
        name: schema
        for name, schema in _schemas_in(SCHEMAS).items()
        if name == COMMON or name.rpartition(".v")[0] in carried
    }


def released_schemas() -> Schemas:
    """Return the schemas of the last release; none before the first."""
    return _schemas_in(RELEASED)


def write_release(schemas: Schemas) -> None:
    """Make ``schemas`` the released ones."""
    RELEASED.mkdir(exist_ok=True)
    for name, schema in schemas.items():
        text = json.dumps(schema, indent=2, ensure_ascii=False)
        (RELEASED / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


def _schemas_in(folder: Path) -> Schemas:
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
