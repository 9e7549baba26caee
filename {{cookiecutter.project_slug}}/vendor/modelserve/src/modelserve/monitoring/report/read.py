"""What was read to come to the verdict, and what could not be."""

from ..findings import MonitoringResult, Place, share
from .markup import facts, folded, paragraph, section, sentence, table, text
from .wording import count, moment, percent


def what_was_read(findings: MonitoringResult) -> str:
    """Return the window, and what there was in it."""
    window, read = findings.window, findings.read
    since = moment(window.since) if window.since else "the first record"
    until = moment(window.until) if window.until else "the last record"
    degraded = f"{count(read.degraded)} ({percent(share(read.degraded, window.rows))})"
    pairs = [
        ("Records", count(window.records)),
        ("Rows", count(window.rows)),
        ("Degraded rows", degraded if read.degraded else "none"),
        ("Files", count(read.files)),
        ("Files still open", count(read.open_files)),
        ("Corrupt lines", count(read.corrupt)),
        ("Foreign lines", count(read.foreign)),
        ("Refused requests", count(read.refused)),
        ("Out of the window", count(read.outside)),
    ]
    versions = [(text(name), count(n)) for name, n in read.versions.items()]
    head = ("Version", "Records")
    return section(
        "read",
        "What was read",
        paragraph(f"Window: {since} to {until}."),
        facts(pairs),
        table("Records by version", head, versions) if len(versions) > 1 else "",
        bad_lines(read.places),
    )


def bad_lines(places: tuple[Place, ...]) -> str:
    """Return where the first lines stand that could not be read."""
    if not places:
        return ""
    rows = [(sentence(each.file), count(each.line), sentence(each.problem)) for each in places]
    lines = table("Lines that could not be read", ("File", "Line", "Problem"), rows, words=(2,))
    return folded("The first lines that could not be read", lines)
