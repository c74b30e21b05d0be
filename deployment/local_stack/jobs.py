"""The jobs of the local stack, as seen from outside through the state files that they write."""

from __future__ import annotations

from typing import Any

import orjson
import psutil

from deployment.settings import Settings


def job_is_healthy(settings: Settings, job: str) -> bool:
    """Say whether all of the job runs, in a process that still lives (a killed one leaves its file behind)."""
    state = _read_state(settings, job)
    return bool(state.get("ready")) and psutil.pid_exists(int(state.get("pid", 0)))


def _read_state(settings: Settings, job: str) -> dict[str, Any]:
    try:
        state: dict[str, Any] = orjson.loads((settings.run_dir / f"{job}.json").read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    return state
