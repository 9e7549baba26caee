"""Predict for a whole file, or for a shard of it, without HTTP."""

from .predictor import BatchPredictor
from .summary import BatchCounts
from .tables import Keep, Shard

__all__ = ["BatchCounts", "BatchPredictor", "Keep", "Shard"]
