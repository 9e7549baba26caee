"""A Chromium that a test drives by its DevTools protocol, over a pair of pipes."""

import base64
import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

BROWSERS = ("chromium", "google-chrome", "chromium-browser")
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *("--hide-scrollbars", "--remote-debugging-pipe"),
)
# The browser reads from the descriptor 3 and writes to 4.
START = """
import os, sys
from fcntl import F_DUPFD, fcntl
given, taken = (fcntl(int(each), F_DUPFD, 5) for each in sys.argv[1:3])
os.dup2(given, 3)
os.dup2(taken, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


def find_browser() -> str | None:
    """Return the path of a Chromium, None without one."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


class Browser:
    """One tab of a browser.

    Args:
        program: the Chromium.
        profile: a folder for its data, which does not exist yet.
    """

    def __init__(self, program: str, profile: Path) -> None:
        """Start the browser and open a tab."""
        given, self._requests = os.pipe()
        self._answers, taken = os.pipe()
        words = (sys.executable, "-c", START, str(given), str(taken), program, *OPTIONS)
        # pylint: disable-next=consider-using-with
        self._process = subprocess.Popen(
            [*words, f"--user-data-dir={profile}"],
            pass_fds=(given, taken),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(given)
        os.close(taken)
        self._number, self._rest, self._session = 0, b"", ""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self.send("Page.enable")

    def __enter__(self) -> Self:
        """Return the browser."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the browser."""
        with suppress(OSError, AssertionError):
            self._session = ""
            self.send("Browser.close")
        os.close(self._requests)
        os.close(self._answers)
        self._process.wait(timeout=30)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command of the protocol and return its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._requests, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return dict(answer["result"])

    def _receive(self) -> dict[str, Any]:
        """Return the next message: an answer, or an event."""
        while b"\0" not in self._rest:
            chunk = os.read(self._answers, 1 << 20)
            assert chunk, "the browser has ended"
            self._rest += chunk
        message, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(message))

    def emulate(self, *, width: int, scheme: str = "light", media: str = "screen") -> None:
        """Show pages as on a screen of some width, in a colour scheme."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            **{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.send("Emulation.setEmulatedMedia", media=media, features=features)

    def open(self, address: str) -> None:
        """Open a page and wait until it is loaded."""
        self.send("Page.navigate", url=address)
        self.wait_for("document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """Evaluate JavaScript in the page and return its value, that of a promise once kept."""
        answer = self.send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Return once an expression is true in the page."""
        self.run(
            f"new Promise((done) => {{ const look = () => ({condition}) ? done() "
            ": setTimeout(look, 20); look(); })"
        )

    def press(self, key: str) -> None:
        """Press a key."""
        code = {"Tab": 9, "Enter": 13}[key]
        for kind in ("rawKeyDown", "keyUp"):
            self.send(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code
            )

    def choose_file(self, selector: str, path: Path) -> None:
        """Choose a file for an input of the page."""
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", files=[str(path)], nodeId=node)

    def photograph(self, path: Path) -> None:
        """Write a picture of the whole page."""
        height = self.run("document.documentElement.scrollHeight")
        width = self.run("innerWidth")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = self.send("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))

    def print(self, path: Path) -> None:
        """Write the page as PDF, as it is printed."""
        self.send("Emulation.setEmulatedMedia", media="print")
        printed = self.send("Page.printToPDF", printBackground=True)
        path.write_bytes(base64.b64decode(printed["data"]))
