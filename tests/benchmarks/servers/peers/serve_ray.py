"""Ray Serve: a deployment of one replica, with @serve.batch where it is asked for."""

import asyncio
import signal

import peer_model
import ray
from ray import serve


@serve.deployment(num_replicas=1, max_ongoing_requests=256, ray_actor_options={"num_cpus": 1})
class Peer:
    """The model in a replica."""

    def __init__(self):
        """Load the model."""
        self.model = peer_model.load()

    @serve.batch(max_batch_size=peer_model.BATCH_ROWS, batch_wait_timeout_s=peer_model.BATCH_WAIT_S)
    async def predict(self, rows):
        """Answer the rows of several requests."""
        if peer_model.KIND == "iris":
            return self.model.predict(rows)
        return await asyncio.to_thread(self.model.predict, rows)

    async def __call__(self, request):
        """Answer a request."""
        row = (await request.json())["row"]
        if peer_model.BATCHING:
            return {"prediction": await self.predict(row)}
        if peer_model.KIND == "iris":
            return {"prediction": self.model.predict([row])[0]}
        return {"prediction": (await asyncio.to_thread(self.model.predict, [row]))[0]}


if __name__ == "__main__":
    ray.init(
        num_cpus=2, include_dashboard=False, object_store_memory=200 * 2**20, log_to_driver=False
    )
    serve.start(http_options={"host": "127.0.0.1", "port": peer_model.PORT})
    serve.run(Peer.options(logging_config={"enable_access_log": False}).bind())
    signal.sigwait([signal.SIGTERM, signal.SIGINT])
    ray.shutdown()
