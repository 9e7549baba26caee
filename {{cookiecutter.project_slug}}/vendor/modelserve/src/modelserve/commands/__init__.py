"""The project's commands, each a thin door to its module."""
