"""Promotion: compare a candidate with the served model, record the decision, switch the folders."""
