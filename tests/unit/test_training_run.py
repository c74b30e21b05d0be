from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from contracts.errors import NotReadyError
from ml_modeling.trained_model import Registered, TrainedModel
from ml_modeling.training_run import train_models
from ml_modeling.verdict import Verdict


class NoFiles:
    def save(self, directory: Path) -> None:
        pass


@dataclass
class FakeRegistry:
    names: list[str] = field(default_factory=list)

    def register(self, trained: TrainedModel) -> Registered:
        self.names.append(trained.name)
        return Registered(str(len(self.names)), trained.verdict.passed, "because")


def _trained(name: str, value: float | None = 0.8, note: str = "") -> TrainedModel:
    return TrainedModel(name, NoFiles(), "auc", value, 0.5 if value else None, {}, {}, Verdict(True, []), note)


def _refuse() -> TrainedModel:
    msg = "too few"
    raise NotReadyError(msg)


def test_each_model_is_trained_registered_and_reported() -> None:
    registry = FakeRegistry()
    said: list[str] = []
    trainers = {"a": lambda: _trained("a"), "b": lambda: _trained("b", None, "too short")}
    results = train_models(trainers, ["a", "b"], registry, said.append)
    assert registry.names == ["a", "b"]
    assert said == ["training a", "registering a", "training b", "registering b"]
    first, second = (result.as_report() for result in results)
    assert (first["version"], first["metric"], first["value"], first["baseline"]) == ("1", "auc", 0.8, 0.5)
    assert first["champion"] is True
    assert "note" not in first
    assert (second["value"], second["baseline"], second["note"]) == (None, None, "too short")


def test_one_without_data_does_not_keep_the_other_from_training() -> None:
    registry = FakeRegistry()
    results = train_models({"a": _refuse, "b": lambda: _trained("b")}, ["a", "b"], registry, lambda _text: None)
    assert registry.names == ["b"]
    assert (results[0].version, results[0].note) == (None, "too few")


def test_without_any_data_the_reason_is_raised() -> None:
    with pytest.raises(NotReadyError, match="too few"):
        train_models({"a": _refuse, "b": _refuse}, ["a", "b"], FakeRegistry(), lambda _text: None)
