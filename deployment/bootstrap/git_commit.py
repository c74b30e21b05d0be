"""The commit that runs, for the record of what a model was trained by."""

from __future__ import annotations

import subprocess

from deployment.settings import PROJECT_ROOT

_WITHIN_S = 5


def git_commit() -> str:
    """Return the commit of the code, with ``-dirty`` where it was changed since; empty where there is no git."""
    command = ["git", "-C", str(PROJECT_ROOT), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_WITHIN_S)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
