"""Predict for a whole file, or for a shard of it, without HTTP."""

from .job import BatchJob, FinishedShard
from .predictor import BatchPredictor
from .summary import BatchCounts
from .tables import Keep, Shard

__all__ = ["BatchCounts", "BatchJob", "BatchPredictor", "FinishedShard", "Keep", "Shard"]
