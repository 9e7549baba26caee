"""Texts: one a row, tokenized for the model."""
