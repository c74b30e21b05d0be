"""What ``aisle train`` shows of a model that was not trained."""

from __future__ import annotations

import pytest

from deployment.cli.train import _show
from ml_modeling.training_run import TrainingResult


def test_the_reason_is_readable_on_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    note = "18 later sessions with an order to predict: at least 30 are needed to measure"
    _show([TrainingResult("purchase", None, None, None, None, champion=False, decision="", seconds=0.0, note=note)])
    shown = capsys.readouterr().out
    assert "baseline" in shown
    assert shown.endswith(f"purchase: {note}\n")
