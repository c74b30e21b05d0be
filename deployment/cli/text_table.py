"""Rows under a header as text."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deployment.cli.printable import printable

# Into a file or pipe: nothing is cut or wrapped there.
_WIDEST = 10_000


def text_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], for_terminal: bool, numbers: Sequence[str] = ()
) -> str:
    """Return the rows in columns (those in ``numbers`` flush right), wrapped to the width of a terminal.

    Control characters are shown as escapes.
    """
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(Text(printable(name)), justify="right" if name in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    text = io.StringIO()
    Console(file=text, width=None if for_terminal else _WIDEST).print(table)
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())
