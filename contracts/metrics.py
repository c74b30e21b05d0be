"""Names of the Prometheus metrics, so that dashboards and code cannot drift apart."""

from __future__ import annotations

REQUESTS_TOTAL = "aisle_requests_total"
REQUEST_SECONDS = "aisle_request_seconds"
ANSWERS_TOTAL = "aisle_answers_total"
MODEL_VERSION = "aisle_model_version"
IMPRESSIONS_DROPPED_TOTAL = "aisle_impressions_dropped_total"
FEATURE_READS_COMPARED = "aisle_feature_reads_compared"
FEATURE_MISMATCH_RATIO = "aisle_feature_mismatch_ratio"
REQUESTS_IN_FLIGHT = "aisle_requests_in_flight"
COLLECTED_EVENTS_TOTAL = "aisle_collected_events_total"
CONNECTOR_ROUNDS_TOTAL = "aisle_connector_rounds_total"
CONNECTOR_MESSAGES_TOTAL = "aisle_connector_messages_total"
CONNECTOR_LAST_SUCCESS = "aisle_connector_last_success_timestamp_seconds"
