"""The commands of a project's command line."""
