"""Read and split the data as training does, and collect everything that is found."""

from collections.abc import Mapping
from typing import NamedTuple

from ..errors import InvalidDataError, InvalidInputError, TrainingError
from ..project import Project
from .config import Config
from .evidence.group_gaps import group_columns
from .reading.remedies import Remedy, quote, toml_lines
from .splits import load_dataset, split_dataset
from .table.inspection import Inspection
from .table.summary import find_gapped_integers

LISTED = 5  # columns in a warning


class DataCheck(NamedTuple):
    """What training would refuse of the data, what it would warn of, and lines as the way out.

    `inspection` is None where the data cannot be read.
    """

    inspection: Inspection | None
    rows: int
    errors: list[str]
    warnings: list[str]
    lines: list[str]


def check_data(project: Project, config: Config) -> DataCheck:
    """Return what training would say of the data; nothing is trained.

    Args:
        project: reads the data.
        config: the data, the task, and the split.
    """
    inspection, errors, dialect = _inspect(project, config)
    warnings: list[str] = []
    rows = 0
    if not errors:
        try:
            dataset, test_rows = load_dataset(project, config)
            group_columns(dataset, config.evaluation.groups)
            rows = sum(map(len, split_dataset(dataset, test_rows, config, warnings.append)))
        except InvalidInputError as error:
            errors = _lines_of(error)
        except TrainingError as error:
            errors = [str(error)]
    elif inspection:
        warnings = [f"{each.pointer}: {each.detail}." for each in inspection.warnings]
    if inspection and (note := _note_integers(inspection)):
        warnings.append(note)
    found = inspection.findings if inspection else ()
    remedies = [each.remedies[0] for each in found if each.blocking and each.remedies]
    lines = [f"{key} = {quote(value)}" for key, value in dialect.items()]
    lines += [line for line in toml_lines(remedies) if line.partition(" = ")[0] not in dialect]
    return DataCheck(inspection, rows, errors, warnings, lines)


def _inspect(
    project: Project, config: Config
) -> tuple[Inspection | None, list[str], Mapping[str, str]]:
    """Return what the columns are taken for, why the data cannot be used, and their dialect."""
    inspection: object = None
    errors: list[str] = []
    dialect: Mapping[str, str] = {}
    try:
        inspection = getattr(project.load(config.data), "inspection", None)
    except InvalidInputError as error:
        errors = _lines_of(error)
        if isinstance(error, InvalidDataError):
            inspection, dialect = error.inspection, error.dialect
    except TrainingError as error:
        errors = [str(error)]
    return inspection if isinstance(inspection, Inspection) else None, errors, dialect


def _note_integers(inspection: Inspection) -> str:
    """Return the line for columns of whole numbers that are taken for fractions; or nothing."""
    roles, findings = inspection.roles, inspection.findings
    misread = {way.column for each in findings for way in each.remedies if way.key == "notation"}
    rows = inspection.rows.drop(columns=misread, errors="ignore")
    # Of a text classifier, no other column is used.
    found = {} if roles.text else find_gapped_integers(rows, roles.dtypes)
    names = [*found][:LISTED]
    if not names:
        return ""
    more = f" and {len(found) - LISTED} more" if len(found) > LISTED else ""
    (line,) = toml_lines([Remedy("dtypes", name, found[name]) for name in names])
    return (
        f"{', '.join(names)}{more}: whole numbers written with a fraction, as in 1.0, as pandas "
        f"writes columns with gaps; to take them for what they are, write {line} under [data]."
    )


def _lines_of(error: InvalidInputError) -> list[str]:
    return [f"{each.pointer}: {each.detail}" for each in error.errors]
