"""The order of the batch jobs. DAG files import contracts only; tasks call the CLI."""
