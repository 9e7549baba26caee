"""Start a Ray cluster of nodes with one processor each, and answer a job on it, twice.

It runs in an environment with Ray: `ray_cluster.py NODES SOURCE OUTPUT MODEL PACKAGE ROOT`.
"""

# pylint: disable=import-error  # it runs in an environment of its own
import json
import sys

from modelserve.batch.ray_job import RayJob, answer_on_ray
from ray._private import services
from ray.cluster_utils import Cluster

LOOPBACK = "127.0.0.1"
MEMORY = 200 * 2**20  # bytes of each node's object store


def main() -> None:
    """Answer the job twice; print the results as JSON."""
    nodes, source, output, model, package, root = sys.argv[1:]
    # Ray would replace the loopback address by another one, which a firewall may close.
    services.get_node_ip_address = lambda *_, **__: LOOPBACK
    node = {"num_cpus": 1, "object_store_memory": MEMORY, "node_ip_address": LOOPBACK}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    for _ in range(int(nodes) - 1):
        cluster.add_node(**node)
    try:
        print(json.dumps(ask(cluster.address, source, output, model, package, root)))
    finally:
        cluster.shutdown()


def ask(
    address: str, source: str, output: str, model: str, package: str, root: str
) -> dict[str, object]:
    """Return what the cluster answers."""
    job = RayJob(package, root, model, source, output, "others", "parquet", "auto", 4, False)
    first = answer_on_ray(address, job)
    again = answer_on_ray(address, job)
    return {"first": vars(first), "again": vars(again)}


if __name__ == "__main__":
    main()
