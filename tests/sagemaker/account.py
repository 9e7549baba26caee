"""An account of Amazon's in moto's server, set up as docs/deploy.md says."""

import json

import boto3

from tests.bakery import BakedProject

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
OCI = "application/vnd.oci.image.index.v1+json"


class Account:  # pylint: disable=too-few-public-methods
    """What the bootstrap stack has made, and images in its registry."""

    def __init__(self, project: BakedProject, url: str) -> None:
        """Make the bootstrap stack."""
        self.slug = project.slug
        self.url = url
        stacks = boto3.client("cloudformation")
        name = f"{project.slug}-bootstrap"
        stacks.create_stack(
            StackName=name,
            TemplateBody=project.read("deploy/bootstrap.yaml"),
            Capabilities=["CAPABILITY_IAM"],
        )
        (made,) = stacks.describe_stacks(StackName=name)["Stacks"]
        self.given = {each["OutputKey"]: each["OutputValue"] for each in made["Outputs"]}

    def push(self, digit: str, kind: str = DOCKER) -> str:
        """Push an image whose digest is one digit again and again, and return its name."""
        digest = f"sha256:{digit * 64}"
        manifest = {"schemaVersion": 2, "mediaType": kind, "config": {"digest": digest}}
        boto3.client("ecr").put_image(
            repositoryName=self.given["Registry"].partition("/")[2],
            imageManifest=json.dumps(manifest | {"layers": []}),
            imageManifestMediaType=kind,
            imageDigest=digest,
            imageTag=digit,
        )
        return f"{self.given['Registry']}@{digest}"
