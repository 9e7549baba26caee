"""Explanations: how much each field of a row, or each word of a text, contributed to an answer."""
