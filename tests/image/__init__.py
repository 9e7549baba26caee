"""Tests of the image: every command and route of baked projects in containers."""
