"""compose.yaml: every mounted file exists, and the services find each other."""

import posixpath
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine.families import FOLDER

COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]

each_service = pytest.mark.parametrize("name", list(SERVICES))


def mounts(name: str) -> dict[str, Path]:
    """Return the project's folders that are mounted into a container, by their paths there."""
    volumes = [volume.split(":") for volume in SERVICES[name].get("volumes", [])]
    return {at: FOLDER / source for source, at, *_ in volumes if source.startswith(".")}


def mounted(name: str, path: str) -> Path:
    """Return the project's file at a path in a container."""
    for at, source in mounts(name).items():
        if path.startswith(f"{at}/") or path == at:
            return source / path.removeprefix(at).lstrip("/")
    raise AssertionError(f"{name} has nothing mounted at {path}")


def load(path: Path) -> Any:
    """Return the content of a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def configuration(name: str) -> str:
    """Return the path of the configuration file that a container's command names."""
    (path,) = (
        str(option).partition("=")[2]
        for option in SERVICES[name]["command"]
        if option.startswith("--config.file=")
    )
    return path


@each_service
def test_what_is_mounted_exists_and_is_read_only(name: str) -> None:
    volumes = [volume for volume in SERVICES[name].get("volumes", []) if volume.startswith(".")]

    assert [str(path) for path in mounts(name).values() if not path.is_dir()] == []
    assert [volume for volume in volumes if not volume.endswith(":ro")] == []


@each_service
def test_no_mount_is_inside_another_one(name: str) -> None:
    """A read-only mount has no place for another one."""
    paths = [Path(path) for path in mounts(name)]

    assert [path for path in paths if any(other in path.parents for other in paths)] == []


@each_service
def test_a_container_is_reachable_from_this_machine_only_and_has_few_rights(name: str) -> None:
    service = SERVICES[name]

    assert [port for port in service["ports"] if not port.startswith("127.0.0.1:")] == []
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "service"])
def test_an_image_is_pinned_and_has_a_health_check(name: str) -> None:
    assert re.fullmatch(r"[\w/]+:v?\d+\.\d+\.\d+@sha256:[0-9a-f]{64}", SERVICES[name]["image"])
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", ["prometheus", "alertmanager"])
def test_a_command_names_a_file_that_is_mounted(name: str) -> None:
    assert mounted(name, configuration(name)).is_file()


def test_prometheus_finds_its_rules() -> None:
    """The relative paths of rule_files lead to the same files in the container as here."""
    path = Path(configuration("prometheus"))
    here = mounted("prometheus", str(path))
    for glob in load(here)["rule_files"]:
        files = {file.resolve() for file in here.parent.glob(glob)}
        folder, pattern = posixpath.split(posixpath.normpath(path.parent / glob))
        assert files
        assert files == {file.resolve() for file in mounted("prometheus", folder).glob(pattern)}


def test_prometheus_finds_the_service_and_the_alertmanager() -> None:
    config = load(mounted("prometheus", configuration("prometheus")))

    (scraped,) = config["scrape_configs"][0]["static_configs"]
    (notified,) = config["alerting"]["alertmanagers"][0]["static_configs"]
    for target in [*scraped["targets"], *notified["targets"]]:
        name, _, port = target.partition(":")
        assert SERVICES[name]["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_grafana_finds_the_dashboards_and_the_data_sources() -> None:
    provisioning = "/etc/grafana/provisioning"
    (provider,) = load(mounted("grafana", f"{provisioning}/dashboards/files.yaml"))["providers"]
    sources = load(mounted("grafana", f"{provisioning}/datasources/prometheus.yaml"))["datasources"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]

    below = [path for path in mounts("grafana") if path.startswith(provider["options"]["path"])]
    assert [path for path in below if not any(mounted("grafana", path).glob("*.json"))] == []
    assert Path(home).parent in map(Path, below)
    assert mounted("grafana", home).is_file()
    for source in sources:
        name, _, port = source["url"].removeprefix("http://").partition(":")
        assert SERVICES[name]["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_the_alertmanager_reads_the_webhook_s_url_from_a_file() -> None:
    text = mounted("alertmanager", configuration("alertmanager")).read_text(encoding="utf-8")

    wanted = {
        Path(path).name for path in re.findall(r"^\s+\w+_file: (/run/secrets/\w+)$", text, re.M)
    }
    assert wanted == set(SERVICES["alertmanager"]["secrets"]) == set(COMPOSE["secrets"])
    file = re.fullmatch(r"\$\{WEBHOOK_URL_FILE:-(.+)\}", COMPOSE["secrets"]["webhook_url"]["file"])
    assert file
    default = (FOLDER / file[1]).read_text(encoding="utf-8")
    assert default.startswith("http://127.0.0.1:9/")  # the port of nothing: no alert leaves


def test_what_the_service_writes_is_on_a_volume() -> None:
    volumes = [volume.split(":")[1] for volume in SERVICES["service"]["volumes"]]
    settings = SERVICES["service"]["environment"]

    for name in ("CAPTURE_DIR", "GROUND_TRUTH_DIR"):
        assert any(settings[name].startswith(f"{volume}/") for volume in volumes)


def test_the_volume_is_mounted_where_the_image_s_user_may_write() -> None:
    dockerfile = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
    owned = re.findall(r"^RUN install --directory --owner 10001 .* (/\S+)$", dockerfile, re.M)

    assert [volume.split(":")[1] for volume in SERVICES["service"]["volumes"]] == owned
    assert dockerfile.rstrip().endswith("AS runtime\nUSER 10001:10001")  # what compose builds
