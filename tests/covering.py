"""The projects that are installed and run whole: as few as hold every choice, on every Python."""

from itertools import cycle

from tests.bakery import CHOICES, Answers, covering_set

PYTHONS = CHOICES["python_version"]
# Each project is for another Python than the last.
PROJECTS = [
    answers | {"python_version": python}
    for answers, python in zip(covering_set(), cycle(PYTHONS), strict=False)
]


def is_first_of_its_framework(answers: Answers) -> bool:
    """Tell whether no earlier project installs what this one does."""
    framework = answers["model"].rpartition("-")[0]
    (first, *_) = (each for each in PROJECTS if each["model"].startswith(framework))
    return first["model"] == answers["model"]
