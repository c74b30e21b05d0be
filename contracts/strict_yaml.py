"""A YAML file against a pydantic model: what does not fit is named by file, key and what was expected."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from contracts.errors import UserError

T = TypeVar("T", bound=BaseModel)


def read_yaml(path: Path, model: type[T], error_type: type[UserError]) -> T:
    """Return the file as a ``model``, validated with the path as its context; raises ``error_type``."""
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError, OSError) as error:
        problem = " ".join(str(error).split())
        msg = f"{path}: not a YAML file: {problem}"
        raise error_type(msg) from error
    if not isinstance(loaded, dict):
        msg = f"{path}: expected keys such as {', '.join(model.model_fields)}"
        raise error_type(msg)
    try:
        return model.model_validate(loaded, context=path)
    except ValidationError as error:
        msg = f"{path}: {_first_problem(error, model)}"
        raise error_type(msg) from error


def _first_problem(error: ValidationError, model: type[BaseModel]) -> str:
    # A misspelt key is also a missing one: the misspelt one says more.
    first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    place = ".".join(_places(first["loc"], model))
    if first["type"] == "extra_forbidden":
        return f"unknown key {place!r}: expected {', '.join(_model_at(first['loc'], model).model_fields)}"
    if first["type"] == "missing":
        return f"{place} is missing"
    problem = first["msg"].removeprefix("Value error, ")
    return f"{place} is {first['input']!r}: {problem}" if place else problem


def _places(loc: tuple[int | str, ...], model: type[BaseModel]) -> Iterator[str]:
    """Yield the parts of a place that are keys of the file, not names of pydantic's own for validators and unions."""
    for part in map(str, loc):
        if not part.startswith(("function-", "list[")) and part not in {each.__name__ for each in _models_in(model)}:
            yield part


def _model_at(loc: tuple[int | str, ...], model: type[BaseModel]) -> type[BaseModel]:
    """Return the model whose keys may stand where an unknown one was found."""
    for part in loc[:-1]:
        field = model.model_fields.get(str(part))
        model = next(_models_of(field.annotation), model) if field else model
    return model


def _models_in(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for field in model.model_fields.values():
        for inner in _models_of(field.annotation):
            yield inner
            yield from _models_in(inner)


def _models_of(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models that a field's type holds: in a list, a dictionary, a union, or by itself."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_of(inner)
