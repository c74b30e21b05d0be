"""A day of the clickstream, from silver to the online store.

Builds the gold tables of a day, checks its products, and materializes the batch features.
A failed check blocks: nothing reaches the online store from a broken day.

Every night for the day before; for any other day, trigger it with `{"day": "2019-10-01"}` in `conf`.
Running a day again replaces its rows by the same rows.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable, Param

from airflow_dags.plugins.aisle_task import aisle_task
from airflow_dags.plugins.run_day import DAY_PATTERN, RUN_DAY, run_day

with DAG(
    dag_id="etl_clickstream",
    doc_md=__doc__,
    tags=["aisle", "gold", "features"],
    # Ten past midnight, with the day before as logical date. Zero, for with False a first start soon after
    # midnight counts as late and runs at once.
    schedule=CronTriggerTimetable(
        "10 0 * * *", timezone="UTC", interval=timedelta(days=1), run_immediately=timedelta(0)
    ),
    catchup=False,
    max_active_runs=1,
    default_args={"retry_delay": timedelta(seconds=20)},
    params={
        "day": Param(
            None,
            type=["null", "string"],
            pattern=DAY_PATTERN,
            format="date",
            description="The day to build, YYYY-MM-DD; empty: the day of the schedule, or yesterday.",
        )
    },
    user_defined_macros={"run_day": run_day},
):
    build_gold = aisle_task("build_gold", 'batch run all --date "$DAY"', day=RUN_DAY)
    # Not tried again: the same rows break the same expectations.
    check_product_daily = aisle_task(
        "check_product_daily", 'batch check gold.product_daily --date "$DAY"', day=RUN_DAY, retries=0
    )
    materialize_features = aisle_task("materialize_features", "features materialize")

    build_gold >> check_product_daily >> materialize_features
