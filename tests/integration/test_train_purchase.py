"""Purchase prediction on synthetic rows, with the real boosters."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from contracts.errors import NotReadyError
from contracts.tables import SESSION_FEATURE_NAMES
from ml_modeling.purchase import BOOSTER_MODULES, PurchaseModel
from ml_modeling.purchase_rows import closed_rows, of_people
from ml_modeling.train_purchase import train_purchase
from ml_modeling.trained_model import TrainedModel
from tests.fixtures.training_tables import NOW, START, training_rows_table


@pytest.fixture(scope="module")
def trained() -> TrainedModel:
    return train_purchase(closed_rows(training_rows_table(1500), NOW))


def test_beats_the_cart_and_the_base_rate(trained: TrainedModel) -> None:
    assert trained.beats_baseline
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
    again = train_purchase(closed_rows(shuffled, NOW))
    assert again.metrics == trained.metrics
    for name, model in (("a", trained.model), ("b", again.model)):
        (tmp_path / name).mkdir()
        model.save(tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert len(files) == 2
    assert all((tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes() for file in files)


@pytest.mark.parametrize("algorithm", sorted(BOOSTER_MODULES))
def test_a_saved_booster_answers_as_before(algorithm: str, tmp_path: Path) -> None:
    rows = closed_rows(training_rows_table(200), NOW)
    module = __import__(BOOSTER_MODULES[algorithm], fromlist=["fit"])
    model = PurchaseModel(algorithm, module.fit(rows, 5), 0.3)
    model.save(tmp_path)
    loaded = PurchaseModel.load(tmp_path)
    assert loaded.predict_matrix(rows.features).tolist() == model.predict_matrix(rows.features).tolist()
    session = {**dict.fromkeys(SESSION_FEATURE_NAMES, 1.0), "mean_viewed_price": None}
    assert 0 < loaded.predict([session])[0] < 1


def test_only_closed_sessions_are_learned_from() -> None:
    table = training_rows_table(200)
    last_end = START + timedelta(minutes=30 * 199 + 4)
    assert len(closed_rows(table, last_end + timedelta(minutes=30, seconds=1))) == 200 * 4
    assert len(closed_rows(table, last_end + timedelta(minutes=30))) == 199 * 4


def test_rows_of_bots_are_left_out_and_all_others_stay() -> None:
    table = training_rows_table(20)
    people = of_people(table, pa.table({"session_id": ["s3", "s7", "elsewhere"]}))
    assert set(table["session_id"].to_pylist()) - set(people["session_id"].to_pylist()) == {"s3", "s7"}
    assert len(people) == len(table) - 8
    assert of_people(table, pa.table({"session_id": pa.array([], pa.string())})) == table


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
    trained = train_purchase(closed_rows(table.set_column(label, "ordered_later", [labels]), NOW))
    assert (trained.value, trained.baseline) == (None, None)
    assert trained.note.startswith("0 later sessions with an order to predict")
    assert trained.model is not None
