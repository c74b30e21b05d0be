"""A point in time as an option's value."""

from __future__ import annotations

from datetime import UTC, datetime

import click


class Moment(click.ParamType[datetime]):
    """An ISO 8601 day or time, ``2026-11-21`` or ``2026-11-21T10:15:00Z``; UTC where it names no zone."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the aware time, or fail with a usage error."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r}: expected a time such as 2026-11-21 or 2026-11-21T10:15:00Z", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class VersionOrMoment(click.ParamType[int | datetime]):
    """A version number of a table, or a time."""

    name = "version or time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int | datetime:
        """Return the number or the aware time, or fail with a usage error."""
        text = str(value)
        return int(text) if text.isascii() and text.isdigit() else Moment().convert(value, param, ctx)
