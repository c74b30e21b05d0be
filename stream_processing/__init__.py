"""The streaming jobs: from Kafka to bronze, silver and gold."""
