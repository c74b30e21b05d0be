"""Java: the one program that Aisle cannot bring along."""

from __future__ import annotations

import re
import shutil
import subprocess

from contracts.errors import MissingProgramError

OLDEST_JAVA = 17
_ANSWER_WITHIN_S = 30


def find_java(search_path: str | None = None) -> str:
    """Return the path of ``java``; raises ``MissingProgramError`` where it is missing or older than 17.

    ``search_path`` stands in for ``PATH``.
    """
    program = shutil.which("java", path=search_path)
    if program is None:
        msg = f"java is not on the PATH: install a Java {OLDEST_JAVA} runtime (Debian: openjdk-17-jre-headless)"
        raise MissingProgramError(msg)
    release = _release_of(program)
    if release < OLDEST_JAVA:
        msg = (
            f"{program} is Java {release or 'of an unknown version'}: expected Java {OLDEST_JAVA} or later on the PATH"
        )
        raise MissingProgramError(msg)
    return program


def _release_of(program: str) -> int:
    """Return 17 for 17.0.15, 8 for 1.8.0_392, and 0 where the program does not say."""
    try:
        answer = subprocess.run(
            [program, "-version"], capture_output=True, text=True, timeout=_ANSWER_WITHIN_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', answer.stderr)
    return int(found[1]) if found else 0
