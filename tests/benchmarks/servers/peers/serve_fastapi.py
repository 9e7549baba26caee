"""A plain FastAPI application around the model."""

import peer_model
from fastapi import FastAPI
from pydantic import BaseModel

model = peer_model.load()
Rows = list[str] if peer_model.KIND == "minilm" else list[list[float]]
app = FastAPI()


class Request(BaseModel):
    """Rows of numbers, or texts."""

    instances: Rows


if peer_model.KIND == "iris":  # a fast model costs less than the way to a thread and back

    @app.post("/predict")
    async def predict(request: Request):
        """Answer on the event loop."""
        return {"predictions": model.predict(request.instances)}

else:

    @app.post("/predict")
    def predict_in_thread(request: Request):
        """Answer in a thread of FastAPI's pool."""
        return {"predictions": model.predict(request.instances)}
