"""The page on deploying: its commands, in the order in which a reader types them."""

import base64
import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.bakery import BakedProject
from tests.cluster.conftest import LONGEST


@pytest.fixture
def commands(service: BakedProject) -> list[list[str]]:
    """Return the words of each command, those after a pipe too."""
    blocks = re.findall(r"```console\n(.*?)```", service.read("docs/deploy.md"), re.DOTALL)
    text = "".join(blocks).replace("\\\n", " ")
    lines = re.findall(r"^ *\$ (.*)$", text, re.M)
    return [shlex.split(part, comments=True) for line in lines for part in line.split(" | ")]


def test_an_account_is_there_before_it_is_given_a_secret(commands: list[list[str]]) -> None:
    """The first rollout, which would create it, pulls the image already."""
    account = next(
        i for i, words in enumerate(commands) if words[3:5] == ["create", "serviceaccount"]
    )
    given = next(i for i, words in enumerate(commands) if words[3:5] == ["patch", "serviceaccount"])
    assert account < given
    assert commands[account][2] == commands[given][2]
    assert commands[account][5] == commands[given][5] == LONGEST


def test_a_secret_that_exists_is_replaced_whole(
    commands: list[list[str]], kubectl: str, tmp_path: Path
) -> None:
    """By the page's own command, as the real kubectl writes it."""
    assert kubectl
    (create,) = [words for words in commands if "--dry-run=client" in words]
    lines = "shop:1\nrollout:2\n"
    (tmp_path / "keys").write_text(lines, encoding="utf-8")
    done = subprocess.run(create, cwd=tmp_path, check=True, capture_output=True, text=True)
    secret = yaml.safe_load(done.stdout)
    assert secret["metadata"] == {
        "name": f"{LONGEST}-keys",
        "namespace": f"{LONGEST}-production",
    } | {key: None for key in secret["metadata"] if key == "creationTimestamp"}
    assert base64.b64decode(secret["data"]["keys"]).decode() == lines
    assert json.dumps(commands).count('"replace"') == 1
