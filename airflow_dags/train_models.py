"""Both models, trained, evaluated and registered.

Trains, evaluates and registers the purchase model and the recommender on all of the lake; a model that its gate
lets pass takes the alias `champion`, and the API loads it. One after the other, for each takes all cores; the
failure of one does not stop the other.

Every Monday morning; a `day` in `conf` changes nothing.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from airflow_dags.plugins.aisle_task import aisle_task

with DAG(
    dag_id="train_models",
    doc_md=__doc__,
    tags=["aisle", "models"],
    schedule=CronTriggerTimetable(
        "0 3 * * 1", timezone="UTC", interval=timedelta(weeks=1), run_immediately=timedelta(0)
    ),
    catchup=False,
    max_active_runs=1,
    max_active_tasks=1,
    default_args={"retry_delay": timedelta(seconds=20)},
):
    train_purchase = aisle_task("train_purchase", "train purchase --promote")
    train_recommender = aisle_task("train_recommender", "train recommender --promote")
