"""The model as MLflow's own class, loaded from this file."""

import mlflow
import peer_model


class Peer(mlflow.pyfunc.PythonModel):
    """The model behind MLflow's scoring server."""

    def load_context(self, context):
        """Load the model."""
        self.model = peer_model.load()

    def predict(self, context, model_input, params=None):
        """Answer rows of numbers, or texts."""
        return self.model.predict(list(model_input))


mlflow.models.set_model(Peer())
