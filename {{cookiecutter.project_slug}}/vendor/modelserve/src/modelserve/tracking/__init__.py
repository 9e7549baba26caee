"""The history of training runs, and an MLflow server that keeps it for a team."""
