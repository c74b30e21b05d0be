"""A duration as an option's value."""

from __future__ import annotations

import re
from datetime import timedelta

import click

_UNITS = {"": "seconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_PATTERN = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")


class Duration(click.ParamType[timedelta]):
    """A number with a unit, ``60s``, ``5m``, ``2h`` or ``1d``; without a unit seconds. More than 0."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the duration, or fail with a usage error."""
        if isinstance(value, timedelta):
            return value
        found = _PATTERN.fullmatch(str(value))
        try:
            duration = timedelta(**{_UNITS[found[2]]: float(found[1])}) if found else timedelta(0)
        except OverflowError:
            duration = timedelta(0)
        if duration <= timedelta(0):
            self.fail(f"{value!r}: expected a number with a unit, such as 60s, 5m, 2h or 1d", param, ctx)
        return duration
