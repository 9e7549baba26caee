"""Run a Ray cluster of nodes with one processor each, until the standard input ends.

It runs in an environment with Ray: `ray_cluster.py NODES`. It prints the address of the cluster.
For each line of the input it kills a node other than the head, and prints `killed`.
"""

# pylint: disable=import-error  # it runs in an environment of its own
import sys

from ray.cluster_utils import Cluster

NODE = {
    "num_cpus": 1,
    "object_store_memory": 200 * 2**20,
    "node_ip_address": "127.0.0.1",
}
TRIES = 3  # Ray waits 30 s for a node, which a machine that others use as well may need


def main() -> None:
    """Start the nodes; obey the input; end all nodes."""
    cluster = start(int(sys.argv[1]))
    try:
        print(cluster.address, flush=True)
        for _ in sys.stdin:
            cluster.remove_node(cluster.list_all_nodes()[-1], allow_graceful=False)
            print("killed", flush=True)
    finally:
        cluster.shutdown()


def start(nodes: int) -> Cluster:
    """Return a cluster of so many nodes."""
    for left in reversed(range(TRIES)):
        cluster = Cluster()
        try:
            for _ in range(nodes):
                cluster.add_node(**NODE)
        except Exception:  # pylint: disable=broad-exception-caught  # Ray raises just that
            cluster.shutdown()
            if not left:
                raise
        else:
            return cluster
    raise AssertionError


if __name__ == "__main__":
    main()
