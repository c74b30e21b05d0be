"""What the DAG files share: how a task calls the CLI, and which day a run is for."""
