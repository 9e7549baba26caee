"""LitServe: an API of one row, with batching where it is asked for."""

import litserve
import peer_model


class Peer(litserve.LitAPI):
    """Decode, predict, encode."""

    def setup(self, device):
        """Load the model in the worker's process."""
        self.model = peer_model.load()

    def decode_request(self, request):
        """Return the row."""
        return request["row"]

    def batch(self, inputs):
        """Return the rows as they are."""
        return inputs

    def predict(self, x):
        """Answer a row, or a list of rows where requests are batched."""
        return self.model.predict(x) if peer_model.BATCHING else self.model.predict([x])[0]

    def unbatch(self, output):
        """Return the answers of the requests."""
        return output

    def encode_response(self, output):
        """Return the response's body."""
        return {"prediction": output}


if __name__ == "__main__":
    batching = {"batch_timeout": peer_model.BATCH_WAIT_S, "max_batch_size": peer_model.BATCH_ROWS}
    api = Peer(**(batching if peer_model.BATCHING else {}))
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, fast_queue=True)
    server.run(
        host="127.0.0.1",
        port=peer_model.PORT,
        num_api_servers=1,
        log_level="warning",
        generate_client_file=False,
        access_log=False,
    )
