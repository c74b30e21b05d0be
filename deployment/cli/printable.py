"""What came from outside as text that a terminal shows and never obeys."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def printable(text: str) -> str:
    r"""Return the text with control characters as escapes, ``\x1b`` or ``\n``."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def readable(raw: bytes) -> str:
    r"""Return bytes as text where they are UTF-8, else as ``\x`` and hexadecimal digits."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return f"\\x{raw.hex()}"
