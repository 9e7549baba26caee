"""The workflows of a project, run step by step on this machine."""
