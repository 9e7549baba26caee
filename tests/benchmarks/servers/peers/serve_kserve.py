"""KServe's SDK: a custom model on its server, by the first version of the protocol."""

import asyncio

import kserve
import peer_model


class Peer(kserve.Model):
    """The model behind KServe's handlers."""

    def __init__(self, name):
        """Load the model."""
        super().__init__(name)
        self.model = peer_model.load()
        self.ready = True

    async def predict(self, payload, headers=None, response_headers=None):
        """Answer on the event loop where the model is fast, else in a thread."""
        rows = payload["instances"]
        if peer_model.KIND == "iris":
            return {"predictions": self.model.predict(rows)}
        return {"predictions": await asyncio.to_thread(self.model.predict, rows)}


if __name__ == "__main__":
    server = kserve.ModelServer(
        http_port=peer_model.PORT, enable_grpc=False, workers=1, enable_latency_logging=False
    )
    server.start([Peer("peer")])
