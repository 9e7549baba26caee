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

if TYPE_CHECKING:  # what trains need not be installed where the model is served
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
    """A project by the name of its package; each part is imported when it is first needed.

    Args:
        package: the importable name, such as "iris_classifier"; the project's name is the same
            with hyphens.
        root: the repository's folder; the working directory, if not given.
    """

    def __init__(self, package: str, root: Path | None = None) -> None:
        """Import nothing yet."""
        self.package = package
        self.name = package.replace("_", "-")
        self.root = root or Path.cwd()

    def at(self, root: Path) -> "Project":
        """Return the same project with another folder."""
        return Project(self.package, root)

    def main(self) -> None:
        """Run the project's command line."""
        from .cli import main  # pylint: disable=import-outside-toplevel

        main(self)

    @cached_property
    def version(self) -> str:
        """Return the version in pyproject.toml."""
        return str(self._metadata("version"))

    @cached_property
    def licence(self) -> str:
        """Return the licence expression in pyproject.toml."""
        return str(self._metadata("license"))

    def load(self, section: "DataSection") -> "Dataset":
        """Return the data: `load` in data.py.

        Raises:
            InvalidInputError: they cannot be used; each problem is named.
        """
        dataset: Dataset = self._part("data", "load")(section)
        return dataset

    def train(self, dataset: "Dataset", options: "Options", seed: int) -> "ExportedModel":
        """Return the model fitted to a dataset, and exported: `train` in model.py."""
        exported: ExportedModel = self._part("model", "train")(dataset, options, seed)
        return exported

    @property
    def options(self) -> "type[Options]":
        """Return the keys of `[model]` in config/training.toml: `Options` in model.py."""
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
        return service

    def load_settings(self) -> "Settings":
        """Return the service's settings, read from the environment.

        Raises:
            ConfigurationError: some are out of range; the message names each of them.
        """
        return self.service_class.settings_class.load()

    def configure_logging(self, settings: "Settings") -> "logging.StreamHandler[TextIO]":
        """Configure logging as the project does: `configure` in logs.py."""
        handler: logging.StreamHandler[TextIO] = self._part("logs", "configure")(settings)
        return handler

    def create_app(self) -> "ASGIApp":
        """Return the service as an ASGI application: `create_app` in service.py."""
        app: ASGIApp = self._part("service", "create_app")()
        return app

    def make_service(self, model_dir: Path) -> "Service":
        """Return the service's hooks around another artifact, for commands without HTTP.

        Raises:
            ArtifactError: there is no artifact, or it is not what its manifest says.
            ConfigurationError: the environment holds settings that are out of range.
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
        found = self._import(module)
        try:
            return getattr(found, name)
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
