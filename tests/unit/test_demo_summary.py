"""What makes a demo fail: books that do not add up, faults that were not found, models without merit."""

from __future__ import annotations

from typing import Any

import pytest

from deployment.demo.dashboard import summary_text
from deployment.demo.summary import Summary, broken_books, weak_models

_REPORT = {"sent": 10, "duplicates_injected": 2, "rejected_injected": {"not_json": 1, "wrong_type": 0}}


def _summary(**changes: Any) -> Summary:
    return Summary(**{"sent": 10, "accepted": 7, "duplicates": 2, "rejected": {"not_json": 1}, **changes})


def test_books_that_add_up_have_no_failure() -> None:
    assert broken_books(_summary(), [_REPORT]) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"accepted": 6}, "is not sent 10"),
        ({"duplicates": 3, "accepted": 6}, "3 duplicates were found, 2 injected"),
        ({"rejected": {"wrong_type": 1}}, "rejected are {'wrong_type': 1}, injected {'not_json': 1}"),
    ],
)
def test_what_does_not_add_up_is_named(changes: dict[str, Any], said: str) -> None:
    [failure] = broken_books(_summary(**changes), [_REPORT])
    assert said in failure


def test_injected_faults_of_several_reports_are_summed() -> None:
    twice = _summary(sent=20, accepted=14, duplicates=4, rejected={"not_json": 2})
    assert broken_books(twice, [_REPORT, _REPORT]) == []


def test_a_replay_injects_nothing() -> None:
    assert broken_books(_summary(), [{"sent": 10, "mapping": "rees46"}]) == []


def _model(value: float | None, baseline: float | None, note: str = "") -> dict[str, Any]:
    return {"metric": "auc", "value": value, "baseline": baseline, "version": 1, "note": note}


def test_a_model_must_beat_its_baseline() -> None:
    assert weak_models({"good": _model(0.8, 0.5)}, data_may_be_short=False) == []
    assert weak_models({"bad": _model(0.5, 0.5)}, data_may_be_short=False) == ["bad: auc 0.5000, baseline 0.5000"]
    assert "has no auc" in weak_models({"none": _model(None, None)}, data_may_be_short=False)[0]


def test_a_note_excuses_a_short_file_only() -> None:
    models = {"short": _model(None, None, "only one day")}
    assert weak_models(models, data_may_be_short=True) == []
    assert weak_models(models, data_may_be_short=False) == ["short has no auc: only one day"]
    assert weak_models({"bad": _model(0.4, 0.5)}, data_may_be_short=True) == ["bad: auc 0.4000, baseline 0.5000"]


def test_lower_is_better_for_a_loss() -> None:
    loss = {**_model(0.2, 0.3), "metric": "log_loss"}
    assert weak_models({"purchase": loss}, data_may_be_short=False) == []


def test_the_text_names_every_failure() -> None:
    text = summary_text(_summary(failures=["silver has 3 of 4 events"]), ["curl there"])
    assert "silver has 3 of 4 events" in text
    assert "curl there" in text
    assert "everything holds" not in text
    assert "everything holds" in summary_text(_summary(ok=True), [])
