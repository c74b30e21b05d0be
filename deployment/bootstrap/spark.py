"""Builds the Spark session: Delta and Kafka on the class path, loopback only, nothing left outside ``data_dir``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pyspark.errors import PySparkRuntimeError
from pyspark.sql import SparkSession

from contracts.errors import MissingProgramError
from deployment.settings import Settings

# What pyspark does not bring itself: all that the POM copies.
_JAR_NAMES = (
    "commons-pool2-",
    "delta-kernel-api-",
    "delta-kernel-defaults-",
    "delta-kernel-unitycatalog-",
    "delta-spark_",
    "delta-storage-",
    "kafka-clients-",
    "spark-sql-kafka-",
    "spark-token-provider-kafka-",
    "unitycatalog-client-",
)
_LOG4J = Path(__file__).with_name("spark_log4j2.properties")
_LOG4J_JSON = Path(__file__).with_name("spark_log4j2_json.properties")

# Jobs are many and short: the second compiler (C2) burns more CPU than it gives back (a cold pass through all layers
# took 100 s of CPU instead of 161). C1 alone would get a code cache of 48 MB only, which Spark overflows.
# Out of memory, some of Spark's threads end alone, and the others wait for them for ever.
_JVM = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError"

_FIXED = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.scheduler.mode": "FAIR",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.shuffle.partitions": "2",
    # Micro-batches are small: planning each stage anew costs more than a better plan saves (twice the jobs).
    "spark.sql.adaptive.enabled": "false",
    # The streams' plans need some hundred generated classes: the default of 100 compiles all of them in every batch.
    "spark.sql.codegen.cache.maxEntries": "5000",
    "spark.sql.execution.pyspark.python": sys.executable,
    # The ids that silver has seen outgrow the heap.
    "spark.sql.streaming.stateStore.providerClass": (
        "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"
    ),
    "spark.sql.streaming.stateStore.rocksdb.changelogCheckpointing.enabled": "true",
    "spark.sql.streaming.stateStore.rocksdb.boundedMemoryUsage": "true",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    # Every commit reads the table's log back: one task is enough for logs of this size, the default is 50.
    "spark.databricks.delta.snapshotPartitions": "1",
}


def build_spark(
    settings: Settings, app_name: str, memory: str | None = None, *, json_log: bool = False
) -> SparkSession:
    """Start Spark (``memory`` overrides the driver's); raises ``MissingProgramError`` without Java or the jars.

    ``json_log``: its JVM logs as the streams do, else in lines for people.
    """
    scratch = settings.data_dir / "spark"
    scratch.mkdir(parents=True, exist_ok=True)
    builder = SparkSession.builder.appName(app_name).master(settings.spark.master)
    log4j = [_LOG4J, _LOG4J_JSON] if json_log else [_LOG4J]
    for key, value in (_FIXED | _paths(settings, scratch, log4j)).items():
        builder = builder.config(key, value)
    builder = builder.config("spark.driver.memory", memory or settings.spark.driver_memory)
    try:
        return builder.getOrCreate()
    except PySparkRuntimeError as error:
        msg = "Spark did not start: Java 17 was not found or failed (see the lines above); install it or set JAVA_HOME"
        raise MissingProgramError(msg) from error


def _paths(settings: Settings, scratch: Path, log4j: Sequence[Path]) -> dict[str, str]:
    folders = f"-Djava.io.tmpdir={scratch} -Dderby.system.home={scratch}"
    java_options = f"{_JVM} {folders} -Dlog4j2.configurationFile={','.join(map(str, log4j))}"
    return {
        "spark.driver.extraClassPath": ":".join(_jars(settings.jars_dir / "spark")),
        "spark.local.dir": str(scratch),
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.driver.extraJavaOptions": java_options,
    }


def _jars(folder: Path) -> list[str]:
    jars = [str(jar) for jar in sorted(folder.glob("*.jar")) if jar.name.startswith(_JAR_NAMES)]
    missing = [name for name in _JAR_NAMES if not any(Path(jar).name.startswith(name) for jar in jars)]
    if missing:
        msg = f"{folder} lacks {', '.join(f'{name}*.jar' for name in missing)}: run `make setup`"
        raise MissingProgramError(msg)
    return jars
