"""One definition of every feature, online in Redis and offline in the lake."""

# First of all: importing feast switches prometheus_client to files in a temporary directory, unless that is loaded.
import prometheus_client  # noqa: F401
