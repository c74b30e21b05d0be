"""Builds the clients (Spark, Kafka, Redis, MLflow): one module per process."""
