"""Where the texts come from: the schema, the validation, the page and the documentation follow."""

from modelserve import DataSection, Texts


def load(section: DataSection) -> Texts:
    """Return the texts with their labels; replace the body to read yours from somewhere else.

    Any data frame with a column "text" will do: `Texts.from_frame(frame, target=section.target)`.

    Args:
        section: `[data]` in config/training.toml; relative paths start at the project's folder.

    Raises:
        InvalidInputError: the data cannot be used; each problem is named.
    """
    return Texts.read(section)
