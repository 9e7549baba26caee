"""Where the rows come from: the schema, the validation, the page and the documentation follow."""

from modelserve import DataSection, Table


def load(section: DataSection) -> Table:
    """Return the rows with their target; replace the body to read yours from somewhere else.

    Any data frame will do: `Table.from_frame(frame, section)`.

    Args:
        section: `[data]` in config/training.toml; relative paths start at the project's folder.

    Raises:
        InvalidInputError: the data cannot be used; each problem is named.
    """
    return Table.read(section)
