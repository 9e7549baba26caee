"""compose.yaml: one command starts what was meant, and all that it mounts is there."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((PROJECT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
GRAFANA = PROJECT / "monitoring" / "grafana" / "provisioning"

each_service = pytest.mark.parametrize("name", list(SERVICES))


def mounts(name: str) -> dict[str, Path]:
    """Return the project's files and folders that a container sees, by their paths there."""
    volumes = [volume.split(":") for volume in SERVICES[name].get("volumes", [])]
    return {at: PROJECT / source for source, at, *_ in volumes if source.startswith(".")}


def seen(name: str, path: str) -> Path:
    """Return the project's file that a container sees at a path."""
    for at, source in mounts(name).items():
        if path.startswith(f"{at}/") or path == at:
            return source / path.removeprefix(at).lstrip("/")
    raise AssertionError(f"{name} has nothing mounted at {path}")


def load(path: Path) -> Any:
    """Return what a YAML file holds."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@each_service
def test_what_is_mounted_is_there_and_cannot_be_written(name: str) -> None:
    volumes = [volume for volume in SERVICES[name].get("volumes", []) if volume.startswith(".")]

    assert [str(path) for path in mounts(name).values() if not path.exists()] == []
    assert [volume for volume in volumes if not volume.endswith(":ro")] == []


@each_service
def test_a_container_is_reached_from_this_machine_only_and_has_few_rights(name: str) -> None:
    service = SERVICES[name]

    assert [port for port in service["ports"] if not port.startswith("127.0.0.1:")] == []
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "service"])
def test_an_image_is_an_exact_one_and_says_when_it_is_ready(name: str) -> None:
    assert re.fullmatch(r"[\w/]+:v?\d+\.\d+\.\d+@sha256:[0-9a-f]{64}", SERVICES[name]["image"])
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", ["prometheus", "alertmanager"])
def test_a_command_names_a_file_that_is_mounted(name: str) -> None:
    (config,) = (
        option.partition("=")[2]
        for option in SERVICES[name]["command"]
        if option.startswith("--config.file=")
    )

    assert seen(name, config).is_file()


def test_prometheus_finds_its_rules_the_service_and_the_alertmanager() -> None:
    folder = mounts("prometheus")["/etc/prometheus"]
    config = load(folder / "prometheus.yaml")

    assert [glob for glob in config["rule_files"] if not list(folder.glob(glob))] == []
    (scraped,) = config["scrape_configs"][0]["static_configs"]
    (told,) = config["alerting"]["alertmanagers"][0]["static_configs"]
    for target in [*scraped["targets"], *told["targets"]]:
        name, _, port = target.partition(":")
        assert SERVICES[name]["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_grafana_finds_the_dashboards_and_where_to_ask() -> None:
    (provider,) = load(GRAFANA / "dashboards" / "files.yaml")["providers"]
    sources = load(GRAFANA / "datasources" / "prometheus.yaml")["datasources"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]

    assert any(seen("grafana", provider["options"]["path"]).glob("*.json"))
    assert seen("grafana", home).is_file()
    for source in sources:
        name, _, port = source["url"].removeprefix("http://").partition(":")
        assert SERVICES[name]["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_the_alertmanager_is_told_where_to_send_by_a_file() -> None:
    text = seen("alertmanager", "/etc/alertmanager/alertmanager.yaml").read_text(encoding="utf-8")

    wanted = {
        Path(path).name for path in re.findall(r"^\s+\w+_file: (/run/secrets/\w+)$", text, re.M)
    }
    assert wanted == set(SERVICES["alertmanager"]["secrets"]) == set(COMPOSE["secrets"])
    assert COMPOSE["secrets"]["webhook_url"]["file"].startswith("${WEBHOOK_URL_FILE:-")
    assert (PROJECT / "monitoring" / "alertmanager" / "nobody").is_file()


def test_what_the_service_keeps_is_on_a_volume() -> None:
    volumes = [volume.split(":")[1] for volume in SERVICES["service"]["volumes"]]
    settings = SERVICES["service"]["environment"]

    for name in ("CAPTURE_DIR", "GROUND_TRUTH_DIR"):
        assert any(settings[name].startswith(f"{volume}/") for volume in volumes)


def test_the_volume_is_laid_on_what_the_image_gives_to_its_user() -> None:
    dockerfile = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    owned = re.findall(r"^RUN install --directory --owner 10001 .* (/\S+)$", dockerfile, re.M)

    assert [volume.split(":")[1] for volume in SERVICES["service"]["volumes"]] == owned
    assert dockerfile.rstrip().endswith("AS runtime\nUSER 10001:10001")  # what compose builds
