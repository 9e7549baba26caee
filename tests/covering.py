"""The projects that are installed and run whole, and what one of them proves for the others."""

from itertools import cycle

from tests.bakery import CHOICES, Answers, covering_set

PYTHONS = CHOICES["python_version"]
# Each project is for another Python than the last.
PROJECTS = [
    answers | {"python_version": python}
    for answers, python in zip(covering_set(), cycle(PYTHONS), strict=False)
]


def partial(model: str) -> dict[str, object]:
    """Return the tests that depend on less than a whole project, and on what."""
    framework, _, task = model.rpartition("-")
    return {
        "tests/monitoring/test_false_alarms.py": "nothing",
        "tests/monitoring/test_rules.py": task,
        "tests/e2e/alerting": (task, framework.endswith("-text")),
    }


def without_what_is_proved(model: str) -> str:
    """Return pytest's options that leave out what another project proves: any earlier one."""
    models = [each["model"] for each in PROJECTS]
    earlier = [partial(each) for each in models[: (*models, model).index(model)]]
    own = partial(model)
    proved = [path for path, what in own.items() if any(each[path] == what for each in earlier)]
    return " ".join(f"--deselect={path}" for path in proved)


def of_the_same_framework(answers: Answers) -> list[Answers]:
    """Return the projects that install what this one does, in their order."""
    framework = answers["model"].rpartition("-")[0]
    return [each for each in PROJECTS if each["model"].startswith(framework)]
