"""Variants of experiments in the model server: who is answered by which model, and when nobody is in any."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from fastapi.testclient import TestClient

from contracts.experiments import Bounds
from experiments.lifecycle import started, stopped
from tests.fixtures.model_server import Shop, open_shop, shop
from tests.fixtures.trial_of_models import CHALLENGER, TRIAL, VARIANTS, run, tried, variant_of
from tests.fixtures.trials import STARTED, experiment

__all__ = ["open_shop", "shop", "tried"]

VISITORS = [f"v-{number}" for number in range(30)]
NEW = next(visitor for visitor in VISITORS if variant_of(visitor) == {"experiment": "two-stage", "name": "new"})
OLD = next(visitor for visitor in VISITORS if variant_of(visitor) == {"experiment": "two-stage", "name": "old"})
OUTSIDE = next(visitor for visitor in VISITORS if variant_of(visitor) is None)
BY_CHAMPION, BY_CHALLENGER = ("3", "w2"), ("4", "b1")


@pytest.fixture
def api(tried: Shop) -> TestClient:
    """The server of the shop, whose threads do not run: what it sees changes by ``run`` alone."""
    return TestClient(tried.app)


def _list(api: TestClient, visitor_id: str) -> dict[str, Any]:
    body: dict[str, Any] = api.get(f"/v1/recommendations/{visitor_id}", params={"product_id": "w1"}).json()
    return body


def _by(body: dict[str, Any]) -> tuple[str, str]:
    """The version of the model, and the product that it puts first."""
    return body["model"]["version"], body["items"][0]["product_id"]


def _state(api: TestClient) -> dict[str, Any]:
    answer = api.get("/health/ready")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    state: dict[str, Any] = answer.json()["dependencies"]["experiments"]
    return state


def test_every_visitor_is_answered_by_the_model_of_their_variant_and_keeps_it(api: TestClient) -> None:
    for visitor in VISITORS:
        first, again = _list(api, visitor), _list(api, visitor)
        assert first["variant"] == again["variant"] == variant_of(visitor)
        assert _by(first) == _by(again) == (BY_CHALLENGER if first["variant"] == variant_of(NEW) else BY_CHAMPION)
    assert _state(api) == {"ok": True, "reason": "", "version": None, "origin": None}


def test_places_and_batches_say_the_same(api: TestClient) -> None:
    asked = [{"placement": "similar", "visitor_id": visitor, "product_ids": ["w1"]} for visitor in (NEW, OLD, OUTSIDE)]
    asked.append({"placement": "similar", "product_ids": ["w1"]})
    answers = api.post("/v1/recommendations/batch", json={"requests": asked}).json()["answers"]
    assert [_by(answer) for answer in answers] == [BY_CHALLENGER, BY_CHAMPION, BY_CHAMPION, BY_CHAMPION]
    assert [answer["variant"] for answer in answers] == [variant_of(NEW), variant_of(OLD), None, None]
    page = api.get("/v1/products/w1/similar", params={"visitor_id": NEW})
    assert (_by(page.json()), page.json()["variant"]) == (BY_CHALLENGER, variant_of(NEW))
    assert page.headers["etag"] != api.get("/v1/products/w1/similar", params={"visitor_id": OLD}).headers["etag"]


def test_only_what_runs_and_names_a_model_counts(api: TestClient, tried: Shop) -> None:
    of_others = experiment("prices")
    for idle in (TRIAL.model_copy(update={"started_at": None}), TRIAL.model_copy(update={"stopped_at": STARTED})):
        run(tried, of_others, idle)
        assert (_list(api, NEW)["variant"], _by(_list(api, NEW))) == (None, BY_CHAMPION)
        assert tried.models.current(*CHALLENGER) is None


def test_the_lifecycle_is_followed_as_it_goes_on(api: TestClient, tried: Shop) -> None:
    tried.experiments_file.change(lambda all_: started(all_, "two-stage", 1.0, STARTED))
    tried.models.refresh()
    assert None not in [_list(api, visitor)["variant"] for visitor in VISITORS]
    assert _list(api, NEW)["variant"] == variant_of(NEW)
    tried.experiments_file.change(lambda all_: stopped(all_, "two-stage", STARTED))
    tried.models.refresh()
    assert {(_list(api, visitor)["variant"], _by(_list(api, visitor))) for visitor in VISITORS} == {(None, BY_CHAMPION)}


def test_of_two_experiments_of_a_visitor_the_first_decides(api: TestClient, tried: Shop) -> None:
    everybody = experiment("everybody", layer="m", variants=VARIANTS)
    run(tried, TRIAL, everybody)
    for visitor in VISITORS:
        body = _list(api, visitor)
        assert body["variant"] == (variant_of(visitor) or variant_of(visitor, everybody))
        assert _by(body) == (BY_CHALLENGER if body["variant"]["name"] == "new" else BY_CHAMPION)


def test_an_experiment_without_one_of_its_models_is_on_hold_for_all(api: TestClient, tried: Shop) -> None:
    del tried.source.aliases[CHALLENGER]
    tried.models.refresh()
    for visitor in (NEW, OLD):
        assert (_list(api, visitor)["variant"], _by(_list(api, visitor))) == (None, BY_CHAMPION)
    reason = "two-stage is on hold without recommender@challenger: no version of recommender has the alias challenger"
    assert _state(api) | {"reason": ""} == {"ok": False, "reason": "", "version": None, "origin": None}
    assert _state(api)["reason"].startswith(reason)


def test_a_canary_is_shown_while_somebody_watches_it(
    api: TestClient, tried: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    canary = TRIAL.model_copy(update={"bounds": Bounds()})
    with caplog.at_level(logging.WARNING):
        run(tried, canary)
        tried.models.refresh()
    for visitor in VISITORS:
        assert (_list(api, visitor)["variant"], _by(_list(api, visitor))) == (None, BY_CHAMPION)
    assert tried.models.current(*CHALLENGER) is not None
    on_hold = "two-stage is on hold: `aisle experiments watch` does not see it"
    assert (_state(api)["ok"], _state(api)["reason"]) == (False, on_hold)
    assert [each.message for each in caplog.records] == [on_hold]
    tried.watched.add("two-stage")
    tried.models.refresh()
    assert (_list(api, NEW)["variant"], _by(_list(api, NEW))) == (variant_of(NEW), BY_CHALLENGER)
    assert _state(api)["ok"]
    tried.watched.clear()
    tried.models.refresh()
    assert _list(api, NEW)["variant"] is None


def test_while_the_file_is_broken_what_it_said_last_counts(
    api: TestClient, tried: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    path = tried.directory.parent / "experiments.yaml"
    whole = path.read_text()
    for broken, problem in (("{", "not a YAML file"), ("- 1", "expected keys"), ("a: 2026-99-99", "not a YAML file")):
        path.write_text(broken)
        with caplog.at_level(logging.WARNING):
            tried.models.refresh()
            tried.models.refresh()
        [line] = [each.message for each in caplog.records]
        assert line.startswith("experiments stay as they were: ")
        assert problem in line
        caplog.clear()
        assert (_list(api, NEW)["variant"], _by(_list(api, NEW))) == (variant_of(NEW), BY_CHALLENGER)
        assert (_state(api)["ok"], problem in _state(api)["reason"]) == (False, True)
    path.write_text(whole.replace("two-stage", "three-stage"))
    tried.models.refresh()
    assert (_state(api)["ok"], _state(api)["reason"]) == (True, "")
    answers = [_list(api, visitor)["variant"] for visitor in VISITORS]
    assert {answer["experiment"] for answer in answers if answer} == {"three-stage"}


def test_a_file_that_did_not_change_is_not_read_again(tried: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    monkeypatch.setattr(tried.experiments_file, "read", lambda: reads.append(1))
    tried.models.refresh()
    assert reads == []
