"""Purchase prediction on synthetic rows, with the real boosters."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from contracts.errors import ModelRefusedError, NotReadyError
from contracts.tables import SESSION_FEATURE_NAMES
from ml_modeling import neural_net
from ml_modeling.average import Average
from ml_modeling.calibration import PlattScaling
from ml_modeling.fitting import Fitting
from ml_modeling.purchase import AVERAGE, FITTED_MODULES, PurchaseModel
from ml_modeling.purchase_card import purchase_card
from ml_modeling.purchase_explanation import explain, shap_values
from ml_modeling.purchase_rows import closed_rows, of_people
from ml_modeling.train_purchase import PurchaseTraining, train_purchase
from ml_modeling.trained_model import TrainedModel
from ml_modeling.training_set import LabelledRows
from ml_modeling.tuning import Budget, tuned_parameters
from tests.fixtures.labelled_rows import labelled_rows
from tests.fixtures.training_tables import NOW, START, of_training_sessions, training_rows_table

_SEARCHES = SESSION_FEATURE_NAMES.index("search_count")
_KNOWN = SESSION_FEATURE_NAMES.index("is_known_customer")


@pytest.fixture(scope="module")
def rows() -> LabelledRows:
    return closed_rows(of_people(training_rows_table(1500), of_training_sessions(1500)), NOW)


@pytest.fixture(scope="module")
def training(rows: LabelledRows) -> PurchaseTraining:
    return train_purchase(rows)


@pytest.fixture(scope="module")
def trained(training: PurchaseTraining) -> TrainedModel:
    return training.trained


def test_beats_the_cart_and_the_base_rate(trained: TrainedModel) -> None:
    assert trained.verdict.passed
    assert trained.value is not None
    assert trained.baseline is not None
    assert trained.value > trained.baseline
    assert trained.value == trained.metrics[f"{trained.params['algorithm']}_auc"]
    assert trained.metrics["base_rate_auc"] == 0.5
    assert trained.metrics["average_precision"] > trained.metrics["has_cart_average_precision"]
    assert trained.note == ""


def test_the_baselines_are_those_of_the_latest_fifth(trained: TrainedModel) -> None:
    table = training_rows_table(1500)
    latest = table.slice(1200 * 4)
    labels = latest["ordered_later"].to_numpy(zero_copy_only=False)
    has_cart = latest["cart_add_count"].to_numpy() > 0
    assert trained.metrics["test_rows"] == 300 * 4
    assert trained.metrics["base_rate_average_precision"] == pytest.approx(labels.mean())
    assert trained.metrics["has_cart_average_precision"] == pytest.approx(average_precision_score(labels, has_cart))
    assert trained.baseline == pytest.approx(roc_auc_score(labels, has_cart))


def test_the_same_rows_in_any_order_give_the_same_model(trained: TrainedModel, tmp_path: Path) -> None:
    table = training_rows_table(1500)
    shuffled = table.take(np.random.default_rng(1).permutation(len(table)))
    again = train_purchase(closed_rows(of_people(shuffled, of_training_sessions(1500)), NOW)).trained
    assert (again.metrics, again.params, again.verdict) == (trained.metrics, trained.params, trained.verdict)
    for name, model in (("a", trained.model), ("b", again.model)):
        (tmp_path / name).mkdir()
        model.save(tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert len(files) == (4 if trained.params["algorithm"] == AVERAGE else 2)
    assert all((tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes() for file in files)


@pytest.mark.parametrize("algorithm", [*sorted(FITTED_MODULES), AVERAGE])
def test_a_saved_model_answers_as_before(algorithm: str, rows: LabelledRows, tmp_path: Path) -> None:
    fitted = {name: _fitting(name).fit(rows, 5) for name in FITTED_MODULES}
    classifier = Average(list(fitted.values())) if algorithm == AVERAGE else fitted[algorithm]
    model = PurchaseModel(algorithm, classifier, 0.3, PlattScaling(0.8, 0.1))
    model.save(tmp_path)
    loaded = PurchaseModel.load(tmp_path)
    assert loaded.predict_matrix(rows.features).tolist() == model.predict_matrix(rows.features).tolist()
    session = {**dict.fromkeys(SESSION_FEATURE_NAMES, 1.0), "mean_viewed_price": None}
    assert 0 < loaded.predict([session])[0] < 1


@pytest.mark.parametrize("file", ["lightgbm.txt", "xgboost.ubj", "neural_net.npz", "purchase.json"])
@pytest.mark.parametrize("kept", [0.0, 0.6])
def test_a_file_that_is_cut_is_refused(rows: LabelledRows, tmp_path: Path, file: str, kept: float) -> None:
    average = Average([_fitting(name).fit(rows, 5) for name in FITTED_MODULES])
    PurchaseModel(AVERAGE, average, 0.3).save(tmp_path)
    path = tmp_path / file
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(ModelRefusedError, match="purchase model's files cannot be used"):
        PurchaseModel.load(tmp_path)


def test_a_model_of_before_there_were_digests_still_loads(rows: LabelledRows, tmp_path: Path) -> None:
    model = PurchaseModel("lightgbm", _fitting("lightgbm").fit(rows, 5), 0.3)
    model.save(tmp_path)
    description = json.loads((tmp_path / "purchase.json").read_text())
    del description["digests"]
    (tmp_path / "purchase.json").write_text(json.dumps(description))
    loaded = PurchaseModel.load(tmp_path)
    assert loaded.predict_matrix(rows.features).tolist() == model.predict_matrix(rows.features).tolist()


@pytest.mark.parametrize("algorithm", sorted(FITTED_MODULES))
def test_each_algorithm_learns_a_checkerboard(algorithm: str) -> None:
    """Orders follow where exactly one of two features is 1: no feature alone says anything."""
    first, second = np.random.default_rng(3).integers(0, 2, (2, 2000))
    board = labelled_rows(first != second, cart_add_count=first, search_count=second)
    scores = _fitting(algorithm).fit(board, 200).predict(board.features)
    assert roc_auc_score(board.labels, scores) > 0.99


def test_the_net_scores_as_scikit_learn_does(rows: LabelledRows) -> None:
    fitting = neural_net._Training(rows, {})
    fitting.run_epoch()
    expected = fitting._network.predict_proba(fitting._inputs)[:, 1]
    assert fitting.net().predict(rows.features) == pytest.approx(expected, abs=1e-12)


def test_tuning_is_never_worse_on_its_rows_and_the_same_each_time(rows: LabelledRows) -> None:
    fitting = _fitting("lightgbm")
    fitted, validation = rows.split_latest(0.2)
    tuned = tuned_parameters(fitting, fitted, validation, Budget(3, 5.0))
    assert tuned == tuned_parameters(fitting, fitted, validation, Budget(3, 5.0))
    assert set(tuned) == set(fitting.SEARCHED)
    aucs = []
    for parameters in (tuned, {}):
        model, _ = fitting.fit_early_stopped(fitted, validation, parameters)
        aucs.append(roc_auc_score(validation.labels, model.predict(validation.features)))
    assert aucs[0] >= aucs[1]


def test_a_feature_that_knows_the_label_is_what_explains(rows: LabelledRows) -> None:
    """The score is 0.2 + 0.5 where there is a search and 0.1 where the customer is known: SHAP gives that back."""

    def score(features: NDArray[np.float64]) -> NDArray[np.float64]:
        return 0.2 + 0.5 * (features[:, _SEARCHES] > 0) + 0.1 * (features[:, _KNOWN] > 0)

    row, others = np.zeros(len(SESSION_FEATURE_NAMES)), np.zeros((30, len(SESSION_FEATURE_NAMES)))
    row[[_SEARCHES, _KNOWN]] = 1.0
    others[:15, _SEARCHES] = 1.0
    explained = explain(score, row, others)
    assert explained.probability == pytest.approx(0.8)
    assert [name for name, _ in explained.shap[:2]] == ["search_count", "is_known_customer"]
    assert explained.base + sum(value for _, value in explained.shap) == pytest.approx(0.8)
    assert dict(explained.shap)["is_known_customer"] == pytest.approx(0.1)
    assert explained.lime[0][0] == "search_count"
    values, _ = shap_values(
        PurchaseModel("lightgbm", _fitting("lightgbm").fit(rows, 5), 0.3).predict_matrix,
        rows.features[:3],
        rows.features,
    )
    assert values.shape == (3, len(SESSION_FEATURE_NAMES))


def test_the_card_needs_no_other_file_and_shows_the_evidence(training: PurchaseTraining) -> None:
    card = purchase_card(
        training, replace(training.trained, git_commit="c0ffee", data_versions={"silver.sessions": 7}), NOW
    )
    assert card.page.count("<svg") == 4
    assert set(card.plots) == {"calibration.png", "gain.png", "shap.png", "slices.png"}
    assert "http" not in card.page.replace("http://www.w3.org/", "")
    assert "src=" not in card.page
    for shown in ("c0ffee", "version 7", "equalised odds", "mobile", "price level", "prior_order_count", "Gate: "):
        assert shown in card.page


def test_the_slices_of_the_card_are_those_that_were_measured(training: PurchaseTraining) -> None:
    evidence, page = training.evidence, purchase_card(training, training.trained, NOW).page
    assert evidence is not None
    (mobile,) = (each for each in evidence.slices if each.value == "mobile")
    assert mobile.auc is not None
    is_mobile = evidence.test.attributes["device"] == "mobile"
    expected = roc_auc_score(evidence.test.labels[is_mobile], evidence.probabilities[is_mobile])
    assert mobile.auc.value == pytest.approx(expected)
    assert mobile.auc.low < expected < mobile.auc.high
    assert f'<td class="number">{mobile.auc}</td>' in page


def test_only_closed_sessions_are_learned_from() -> None:
    table = training_rows_table(200)
    last_end = START + timedelta(minutes=30 * 199 + 4)
    assert len(closed_rows(table, last_end + timedelta(minutes=30, seconds=1))) == 200 * 4
    assert len(closed_rows(table, last_end + timedelta(minutes=30))) == 199 * 4


def test_rows_of_bots_are_left_out_and_all_others_stay() -> None:
    table = training_rows_table(20)
    sessions = of_training_sessions(20)
    is_bot = pa.array([name in ("s3", "s7") or None for name in sessions["session_id"].to_pylist()])
    people = of_people(table, sessions.set_column(1, "is_bot", is_bot))
    assert set(table["session_id"].to_pylist()) - set(people["session_id"].to_pylist()) == {"s3", "s7"}
    assert len(people) == len(table) - 8
    devices = dict(zip(sessions["session_id"].to_pylist(), sessions["device"].to_pylist(), strict=True))
    assert people["device"].to_pylist() == [devices[name] for name in people["session_id"].to_pylist()]


def test_rows_of_a_session_that_is_not_there_any_more_stay() -> None:
    table = training_rows_table(200)
    people = of_people(table, of_training_sessions(20))
    assert len(people) == len(table)
    assert set(closed_rows(people, NOW).attributes["device"]) == {"desktop", "mobile", "unknown"}


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("cart_value", pa.array(["9.5"] * 800), r"session_training_rows\.cart_value is string: expected a number"),
        ("ordered_later", pa.array([1] * 800), r"\.ordered_later is int64: expected a boolean"),
        ("ended_at", pa.array(["now"] * 800), r"\.ended_at is string: expected a timestamp"),
        ("duration_s", None, "has no column duration_s: expected session_id, "),
    ],
)
def test_a_column_gone_or_of_another_type_is_named(column: str, values: pa.Array | None, message: str) -> None:
    table = training_rows_table(200)
    place = table.schema.get_field_index(column)
    broken = table.remove_column(place) if values is None else table.set_column(place, column, values)
    with pytest.raises(NotReadyError, match=message):
        closed_rows(broken, NOW)


@pytest.mark.parametrize(
    ("sessions", "order_ratio", "message"),
    [
        (0, 0.3, "holds 0 closed sessions: purchase prediction needs 100"),
        (40, 0.3, "holds 40 closed sessions: purchase prediction needs 100"),
        (120, 0.0, "holds 0 closed sessions with an order to predict: purchase prediction needs 10"),
        (120, 99.0, "only rows with an order still to come"),
    ],
)
def test_too_little_is_refused_with_both_numbers(sessions: int, order_ratio: float, message: str) -> None:
    with pytest.raises(NotReadyError, match=message):
        closed_rows(training_rows_table(sessions, order_ratio=order_ratio), NOW)


def test_without_late_orders_there_is_a_model_but_no_metric() -> None:
    table = training_rows_table(300)
    label = table.schema.get_field_index("ordered_later")
    early = np.arange(len(table)) < len(table) * 0.75
    labels = table["ordered_later"].to_numpy(zero_copy_only=False) & early
    training = train_purchase(closed_rows(table.set_column(label, "ordered_later", [labels]), NOW))
    trained = training.trained
    assert (trained.value, trained.baseline, training.evidence) == (None, None, None)
    assert "Not measured: 0 later sessions" in purchase_card(training, trained, NOW).page
    assert trained.note.startswith("0 later sessions with an order to predict")
    assert trained.model is not None


def _fitting(algorithm: str) -> Fitting:
    return cast(Fitting, import_module(FITTED_MODULES[algorithm]))
