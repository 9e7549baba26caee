"""Joins captures with ground truth into files of rows to train on."""
