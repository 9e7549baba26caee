"""A model that works until a test says that it fails."""

from ..artifact import Artifact
from ..errors import ModelError
from ..service import Service
from ..types import Model, Outputs, Tensors


class Breakable:
    """A model that can be broken.

    Args:
        model: answers until then.
    """

    def __init__(self, model: Model) -> None:
        """Work."""
        self._model = model
        self.broken = False

    def run(self, tensors: Tensors) -> Outputs:
        """Return the model's outputs.

        Raises:
            ModelError: it is broken.
        """
        if self.broken:
            raise ModelError("broken by a test")
        return self._model.run(tensors)


def breakable(service_class: type[Service]) -> tuple[type[Service], list[Breakable]]:
    """Return a service class whose models can be broken, and the models that it has loaded."""
    models: list[Breakable] = []

    class BreakableService(service_class):  # type: ignore[misc,valid-type]
        """The same service with a model that can be broken."""

        def load_model(self, artifact: Artifact, *, threads: int) -> Model:
            """Return the service's own model, wrapped."""
            models.append(Breakable(super().load_model(artifact, threads=threads)))
            return models[-1]

    return BreakableService, models
