"""The command line: the project's console script, and `python -m` with the package's name."""

from modelserve import Project


def main() -> None:
    """Run a command, such as `train` or `serve`."""
    Project(str(__package__)).main()


if __name__ == "__main__":
    main()
