"""A list of recommendations for every customer, from the model in use to the online store.

Scores whoever needs a new list, checks the lists, and puts all of them online. A failed check blocks: what is online
stays as it was, for three days. Where Redis is away, only the last task has to run again. What is bought together goes
online beside it.

Every night after the day's tables and, on Mondays, after the trainings; a `day` in `conf` changes nothing.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from airflow_dags.plugins.aisle_task import aisle_task

with DAG(
    dag_id="score_customers",
    doc_md=__doc__,
    tags=["aisle", "gold", "models"],
    schedule=CronTriggerTimetable(
        "0 5 * * *", timezone="UTC", interval=timedelta(days=1), run_immediately=timedelta(0)
    ),
    catchup=False,
    max_active_runs=1,
    default_args={"retry_delay": timedelta(seconds=20)},
):
    score_lists = aisle_task("score_lists", "recommendations score")
    # Not tried again: the same lists break the same expectations.
    check_lists = aisle_task("check_lists", "recommendations check", retries=0)
    publish_lists = aisle_task("publish_lists", "recommendations publish", retries=3)
    publish_pairs = aisle_task("publish_pairs", "recommendations publish-pairs", retries=3)

    score_lists >> check_lists >> publish_lists
