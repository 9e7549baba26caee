"""Start moto's server with two of CloudFormation's rules that it does not keep for SageMaker.

A name that the template gives is the resource's name; and what changes with a parameter through
`!Sub` or `!GetAtt` is changed, too.
"""

import sys
from typing import Any

from moto.cloudformation.parsing import ResourceMap
from moto.sagemaker import models
from moto.server import main

NAMED = {
    models.Model: "ModelName",
    models.FakeEndpointConfig: "EndpointConfigName",
    models.FakeEndpoint: "EndpointName",
}
find_differences = ResourceMap.build_resource_diff


def differences(
    self: ResourceMap, template: dict, parameters: dict | None = None
) -> dict[str, Any]:
    """Return what has to be changed, with all that bears a name of SageMaker's."""
    found = find_differences(self, template, parameters)
    kinds = {name: each["Type"] for name, each in template["Resources"].items()}
    ours = [name for name, kind in kinds.items() if kind.startswith("AWS::SageMaker::")]
    known = [name for name in ours if name not in found["Add"]]
    found["Modify"] = known + [name for name in found["Modify"] if name not in known]
    return found


if __name__ == "__main__":
    for kind, name in NAMED.items():
        kind.cloudformation_name_type = staticmethod(lambda name=name: name)
    ResourceMap.build_resource_diff = differences
    main(sys.argv[1:])
