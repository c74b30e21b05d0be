"""Parts of an experiment's definition as they are typed: what does not fit is named by option, field and value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pydantic import ValidationError

from contracts.errors import InvalidExperimentError
from contracts.experiments import Bounds, Variant


def variant_of(text: str) -> Variant:
    """Return the variant ``NAME=SHARE`` or ``NAME=SHARE@ALIAS``; raises ``InvalidExperimentError``."""
    name, _, answered = text.partition("=")
    share, at, alias = answered.partition("@")
    with naming_what_does_not_fit(f"--variant {text}: "):
        return Variant.model_validate({"name": name, "share": share, "model": alias if at else None})


def bounds_of(texts: Sequence[str]) -> Bounds | None:
    """Return the bounds that ``NAME=VALUE`` set, one each, None without any; raises ``InvalidExperimentError``."""
    if not texts:
        return None
    with naming_what_does_not_fit(f"--bound {' --bound '.join(texts)}: "):
        return Bounds.model_validate({name: value for name, _, value in (text.partition("=") for text in texts)})


@contextmanager
def naming_what_does_not_fit(option: str = "") -> Iterator[None]:
    """Turn what pydantic refuses into an ``InvalidExperimentError`` of one line that begins with ``option``."""
    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        problem = first["msg"].removeprefix("Value error, ")
        msg = f"{option}{place} is {first['input']!r}: {problem}" if place else f"{option}{problem}"
        raise InvalidExperimentError(msg) from error
