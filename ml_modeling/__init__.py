"""The models: training, evaluation and registration, apart from scoring."""
