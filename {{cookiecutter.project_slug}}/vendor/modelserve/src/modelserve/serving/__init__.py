"""Answering requests with a model: from bytes to arrays, through the model, and back."""
