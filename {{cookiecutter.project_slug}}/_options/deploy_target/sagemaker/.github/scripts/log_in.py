"""Log docker in to the account's registry, and hand on its name for the image."""

import base64
import subprocess
import sys

import amazon
import steps

DOCKER = "docker"


def main() -> None:
    """Log in; the password goes through a pipe, where no list of processes shows it."""
    image = amazon.account()["Registry"]
    token = amazon.client("ecr").get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(token["authorizationToken"]).decode().partition(":")
    words = ["login", f"--username={user}", "--password-stdin", image.partition("/")[0]]
    done = subprocess.run([DOCKER, *words], input=password, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    steps.hand_on(image=image, stage="sagemaker")


if __name__ == "__main__":
    main()
