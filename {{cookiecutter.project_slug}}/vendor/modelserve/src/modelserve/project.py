"""The user's project: a package with data.py, model.py, service.py, settings.py and logs.py."""

import logging
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TextIO

from .errors import ConfigurationError
from .hook_calls import call, name_kind

if TYPE_CHECKING:  # training is not installed where the model is served
    import numpy as np
    from numpy.typing import NDArray
    from starlette.types import ASGIApp

    from .service import Service
    from .settings import Settings
    from .training.dataset import Dataset
    from .training.exported_model import ExportedModel
    from .training.sections import DataSection, Options

    Metrics = Callable[[Dataset, NDArray[np.float32], Sequence[str]], Mapping[str, float]]


class Project:
    """A project; each of its modules is imported when it is first needed.

    Args:
        package: the importable name, such as "iris_classifier"; the project's name is the same
            with hyphens.
        root: the repository's folder; the working directory by default.
    """

    def __init__(self, package: str, root: Path | None = None) -> None:
        """Keep the names; import nothing yet."""
        self.package = package
        self.name = package.replace("_", "-")
        self.root = root or Path.cwd()

    def at(self, root: Path) -> "Project":
        """Return the same project with another folder."""
        return Project(self.package, root)

    def main(self) -> None:
        """Run the project's command line."""
        import_module(".cli", __package__).main(self)

    @cached_property
    def version(self) -> str:
        """Return the version in pyproject.toml."""
        return str(self._metadata("version"))

    @cached_property
    def licence(self) -> str:
        """Return the licence expression in pyproject.toml."""
        return str(self._metadata("license"))

    def load(self, section: "DataSection") -> "Dataset":
        """Return the dataset that `load` in data.py reads.

        Raises:
            InvalidInputError: the data are invalid; every problem is named.
            ConfigurationError: it takes something else, or returns no dataset.
        """
        place = "`load` in data.py"
        dataset: Dataset = call(self._part("data", "load"), place, {"section": section})
        if not hasattr(type(dataset), "pipeline_tag"):
            raise ConfigurationError(
                f"{place} returned {name_kind(dataset)}; return a Table: "
                "Table.from_frame(frame, section); of texts, Texts.from_frame(frame, target=…)."
            )
        return dataset

    def train(self, dataset: "Dataset", options: "Options", seed: int) -> "ExportedModel":
        """Return the model that `train` in model.py fits and exports.

        Args:
            dataset: the training rows.
            options: `[model]` in config/training.toml.
            seed: of every random choice.

        Raises:
            ConfigurationError: it takes something else, or returns no exported model.
        """
        place, given = "`train` in model.py", {"table": dataset, "options": options, "seed": seed}
        exported: ExportedModel = call(self._part("model", "train"), place, given)
        if not (hasattr(exported, "files") and hasattr(exported, "labels")):
            raise ConfigurationError(
                f"{place} returned {name_kind(exported)}; return an ExportedModel: "
                "export_pipeline(fitted, table)."
            )
        return exported

    @property
    def options(self) -> "type[Options]":
        """Return `Options` in model.py: the keys of `[model]` in config/training.toml."""
        options: type[Options] = self._part("model", "Options")
        return options

    @property
    def metrics(self) -> "Metrics | None":
        """Return `metrics` in model.py, which adds metrics for the gate; None without one."""
        return getattr(self._import("model"), "metrics", None)

    @property
    def service_class(self) -> "type[Service]":
        """Return `Service` in service.py."""
        service: type[Service] = self._part("service", "Service")
        chosen = getattr(service, "settings_class", None)
        if not hasattr(chosen, "load"):
            raise ConfigurationError(
                f"`settings_class` of `Service` in service.py is {chosen!r}; set it to a subclass "
                "of modelserve.Settings."
            )
        return service

    def load_settings(self) -> "Settings":
        """Return the service's settings from the environment.

        Raises:
            ConfigurationError: settings are out of range; the message names each of them.
        """
        return self.service_class.settings_class.load()

    def configure_logging(self, settings: "Settings") -> "logging.StreamHandler[TextIO]":
        """Configure logging by `configure` in logs.py."""
        handler: logging.StreamHandler[TextIO] = self._part("logs", "configure")(settings)
        return handler

    def create_app(self) -> "ASGIApp":
        """Return the ASGI application of `create_app` in service.py."""
        app: ASGIApp = self._part("service", "create_app")()
        return app

    def make_service(self, model_dir: Path) -> "Service":
        """Return the project's service around an artifact, for commands without HTTP.

        Args:
            model_dir: the artifact's folder.

        Raises:
            ArtifactError: there is no artifact, or it does not match its manifest.
            ConfigurationError: settings in the environment are out of range.
        """
        settings = self.load_settings().model_copy(update={"model_dir": model_dir})
        return self.service_class(settings)

    def _import(self, name: str) -> ModuleType:
        module = f"{self.package}.{name}"
        try:
            return import_module(module)
        except ModuleNotFoundError as error:
            if error.name not in (module, self.package):
                raise
            raise ConfigurationError(
                f"{module} is missing; add src/{self.package}/{name}.py, or install the project."
            ) from error

    def _part(self, module: str, name: str) -> Any:
        imported = self._import(module)
        try:
            return getattr(imported, name)
        except AttributeError as error:
            raise ConfigurationError(
                f"src/{self.package}/{module}.py defines no `{name}`; add it."
            ) from error

    def _metadata(self, key: str) -> object:
        path = self.root / "pyproject.toml"
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))["project"][key]
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigurationError(f"{path} cannot be read: {error}") from error
        except KeyError as error:
            raise ConfigurationError(f"{path} has no [project] {key}; add it.") from error
