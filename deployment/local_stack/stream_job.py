"""The streaming job of the local stack, as seen from outside through its state file."""

from __future__ import annotations

from typing import Any

import orjson
import psutil

from deployment.settings import Settings


def read_stream_state(settings: Settings) -> dict[str, Any]:
    """Return what the running job last wrote: pid, ready, queries; empty when there is none."""
    try:
        state: dict[str, Any] = orjson.loads((settings.run_dir / "stream.json").read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    return state


def stream_is_healthy(settings: Settings) -> bool:
    """Say whether all queries run, in a process that still lives (a killed one leaves its file behind)."""
    state = read_stream_state(settings)
    return bool(state.get("ready")) and psutil.pid_exists(int(state.get("pid", 0)))
