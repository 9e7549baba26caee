"""Reads a template of CloudFormation's, and puts in what its parameters say."""

import re
from typing import Any

from cfnlint.decode.cfn_yaml import load

from tests.bakery import BakedProject

PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::NoValue": None,
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/made/1",
}


class Template:
    """A template with values for its parameters; those that have no default are named after it."""

    def __init__(self, project: BakedProject, name: str, **values: Any) -> None:
        """Read it."""
        self.content: dict[str, Any] = load(str(project.path / "deploy" / name))
        self.parameters: dict[str, Any] = self.content["Parameters"]
        defaults = {key: each.get("Default", key) for key, each in self.parameters.items()}
        self.values = PSEUDO | defaults | values

    def resources(self, kind: str = "") -> dict[str, dict[str, Any]]:
        """Return the properties of each resource that is made, of a kind or of any."""
        return {
            name: self.fill(each["Properties"])
            for name, each in self.content["Resources"].items()
            if kind in (each["Type"], "") and self.holds(each.get("Condition"))
        }

    def holds(self, condition: str | None) -> bool:
        """Tell whether a condition holds."""
        return condition is None or self.judge(self.content["Conditions"][condition])

    def judge(self, test: dict[str, Any]) -> bool:
        """Tell whether what stands in a condition is true."""
        ((word, held),) = test.items()
        if word == "Condition":
            return self.holds(held)
        if word == "Fn::Equals":
            return str(self.fill(held[0])) == str(self.fill(held[1]))
        results = [self.judge(each) for each in held]
        return {"Fn::Not": not all(results), "Fn::And": all(results)}[word]

    def fill(self, value: Any) -> Any:
        """Return a value with all functions done; what another resource would say is its name."""
        if isinstance(value, list):
            return [each for each in map(self.fill, value) if each is not None]
        if not isinstance(value, dict):
            return value
        word = next(iter(value), "")
        if word in DONE:
            return DONE[word](self, value[word])
        filled = {key: self.fill(each) for key, each in value.items()}
        return {key: each for key, each in filled.items() if each is not None}

    def refer(self, name: str) -> Any:
        """Return a parameter's value, or the name of what else is referred to."""
        return self.values.get(name, str(name))

    def choose(self, held: list) -> Any:
        """Return one of two values by a condition."""
        condition, *ways = held
        return self.fill(ways[not self.holds(condition)])

    def attribute(self, held: Any) -> str:
        """Return the name of another resource's attribute."""
        return held if isinstance(held, str) else ".".join(held)

    def substitute(self, held: Any) -> str:
        """Return a text with values for its names."""
        text, own = (held, {}) if isinstance(held, str) else held
        known = self.values | {key: self.fill(each) for key, each in own.items()}
        return re.sub(r"\$\{([\w:.]+)\}", lambda name: str(known.get(name[1], name[1])), text)


DONE = {
    "Ref": Template.refer,
    "Fn::GetAtt": Template.attribute,
    "Fn::If": Template.choose,
    "Fn::Sub": Template.substitute,
}
