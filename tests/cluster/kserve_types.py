"""Read an InferenceService from standard input into KServe's own types, and write it back.

It runs where `kserve` and `kubernetes` are on the path. Of KServe, the types alone are imported:
the package itself wants servers of every kind.
"""

import json
import sys
import types
from pathlib import Path

import kubernetes.client.models  # pylint: disable=import-error  # neither is in our environment
from kubernetes.client import ApiClient  # pylint: disable=import-error

(FOLDER,) = [path for path in sys.path if Path(path, "kserve", "models").is_dir()]
PACKAGE = types.ModuleType("kserve")
PACKAGE.__path__ = [str(Path(FOLDER, "kserve"))]
sys.modules["kserve"] = PACKAGE


def main() -> None:
    """Go there and back; what the types do not know is lost on the way."""
    import kserve.models  # pylint: disable=import-error,import-outside-toplevel

    for name in dir(kserve.models):  # where the client looks types up
        setattr(kubernetes.client.models, name, getattr(kserve.models, name))
    client = ApiClient()
    response = types.SimpleNamespace(data=sys.stdin.read())
    found = client.deserialize(response, "V1beta1InferenceService")
    json.dump(client.sanitize_for_serialization(found), sys.stdout)


if __name__ == "__main__":
    main()
