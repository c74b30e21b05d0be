"""The recommender in two stages: retrieval from several sources, then a learned ranking."""
