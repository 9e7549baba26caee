"""Checks of a page for people who see little, or use the keyboard alone, by axe-core's rules."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.browser import Browser

PACKAGE = "axe-core@4.14.1"
VIEWS = [(width, scheme) for width in (390, 1280) for scheme in ("light", "dark")]
CONTROLS = "a[href], button, input, select, textarea, summary, [tabindex='0']"
SHOWN = "(each) => each.checkVisibility({ visibilityProperty: true }) && !each.disabled"
RULES = """
axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations.flatMap(
  ({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`)
))
"""
FOCUSED = """
(() => {
  const each = document.activeElement, { outlineStyle, outlineWidth } = getComputedStyle(each);
  const visible = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  return { place: tabStops.indexOf(each), visible };
})()
"""


def install_axe(folder: Path) -> str:
    """Install axe-core with npm and return its source.

    Raises:
        OSError: there is no npm.
        CalledProcessError: npm reaches no registry.
    """
    options = ("--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline")
    # npm looks upwards for a project: without one here, it would install elsewhere.
    (folder / "package.json").write_text("{}", encoding="utf-8")
    install = ["npm", "install", *options, PACKAGE]
    subprocess.run(install, cwd=folder, check=True, stdin=subprocess.DEVNULL)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@dataclass
class Accessibility:
    """Checks the page that a browser shows.

    Args:
        browser: which shows it.
        script: the source of axe-core.
    """

    browser: Browser
    script: str

    def violations(self) -> list[str]:
        """Return what violates a rule of axe-core, with the element."""
        # Otherwise it measures colours in the middle of a transition.
        self.browser.run("Promise.all(document.getAnimations().map((each) => each.finished))")
        self.browser.run(f"{self.script}; undefined")
        found: list[str] = self.browser.run(RULES)
        return found

    def without_focus(self) -> list[str]:
        """Return the controls that Tab does not reach, or that do not show the focus."""
        self.browser.run(
            f"globalThis.tabStops = [...document.querySelectorAll({json.dumps(CONTROLS)})]"
            f".filter({SHOWN}); document.activeElement.blur(); scrollTo(0, 0)"
        )
        count: int = self.browser.run("tabStops.length")
        reached: dict[int, bool] = {}
        for _ in range(count):
            self.browser.press("Tab")
            focused: dict[str, Any] = self.browser.run(FOCUSED)
            reached[focused["place"]] = focused["visible"]
        lacking = [i for i in range(count) if not reached.get(i)]
        return [self.browser.run(f"tabStops[{i}].outerHTML.slice(0, 200)") for i in lacking]
