"""The service's settings, read from the environment once, at the start."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from . import environment
from .errors import ConfigurationError
from .route_paths import HEALTH_ROUTE, check_routes
from .setting_types import (
    Level,
    ModelUri,
    Networks,
    Origins,
    Prefix,
    Providers,
    Route,
    WebAddress,
    Words,
)
from .translation import Locale

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
MONITORING = Path("config/monitoring.toml")
# An empty variable would open what it closes: it is refused instead.
CLOSED = ("api_keys_file", "model_public_key")


class Settings(BaseModel):
    """The service's settings. Every field is an environment variable of the same name."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    model_dir: Path = Field(default=Path("model"), description="The artifact's folder.")
    model_uri: ModelUri | None = Field(
        default=None, description="An artifact in MLflow's registry instead: models:/NAME@ALIAS."
    )
    model_cache_dir: Path | None = Field(default=None, description="Where MODEL_URI's are kept.")
    model_public_key: Path | None = Field(
        default=None, description="PEM file: serve only an artifact that one of its keys signed."
    )
    reload_interval_s: float = Field(
        default=0, ge=0, le=86_400, description="Look for another artifact so often; 0 for never."
    )
    reload_schema: Literal["same", "any"] = Field(
        default="same", description="Whether it may have other fields or labels."
    )
    repository_api: Words = Field(
        default=(), description="Comma-separated consumers that may load it by the protocol's API."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(
        default=8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one."
    )
    workers: int = Field(default=1, ge=1, le=64, description="Worker processes.")
    predict_route: Route = Field(default="/predict", description="Path of predictions.")
    health_route: Route = Field(default=HEALTH_ROUTE, description="Path of the readiness check.")
    platform: Literal["plain", "sagemaker"] = Field(
        default="plain", description="sagemaker adds GET /ping and POST /invocations."
    )
    docs: bool = Field(default=True, description="Serve /, /docs and /openapi.json.")
    locale: Locale = Field(default="en", description="Language of the page, report and errors.")
    cors_origins: Origins = Field(
        default=(), description="Comma-separated origins whose pages may call the service; or *."
    )
    root_path: Prefix = Field(
        default="", description="Path prefix that a reverse proxy puts before the routes."
    )
    trusted_proxies: Networks = Field(
        default=(), description="Comma-separated addresses whose X-Forwarded-Prefix is used; or *."
    )

    max_body_bytes: int = Field(
        default=1_048_576, ge=1_024, le=104_857_600, description="Largest body of a request."
    )
    max_rows: int = Field(default=256, ge=1, le=100_000, description="Rows in one request.")
    max_text_length: int = Field(
        default=20_000, ge=1, le=10_000_000, description="Characters in one text."
    )
    extra_fields: Literal["refuse", "ignore"] = Field(
        default="refuse", description="Of a row: what happens to fields the model does not have."
    )
    max_concurrency: int = Field(
        default=128, ge=1, le=10_000, description="Predictions under way at once; then 503."
    )
    body_timeout_s: float = Field(
        default=10, gt=0, le=600, description="Time to send a head, or a body."
    )
    predict_timeout_s: float = Field(
        default=30, gt=0, le=600, description="Time for a model that runs in threads."
    )
    execution: Literal["auto", "inline", "threads"] = Field(
        default="auto", description="Where the model runs; auto measures it at the start."
    )
    inline_below_ms: float = Field(
        default=1.0, ge=0, le=1_000, description="A faster model runs inline."
    )
    threads: int | None = Field(
        default=None, ge=1, le=256, description="Calls of a slow model at once; measured if unset."
    )
    intra_op_threads: int | None = Field(
        default=None, ge=1, le=256, description="Threads of one call; measured if unset."
    )
    providers: Providers = Field(
        default=("cpu",), description="Comma-separated execution providers of ONNX Runtime."
    )
    batching: Literal["auto", "on", "off"] = Field(
        default="auto", description="Join requests that wait; auto measures at the start."
    )
    batch_rows: int = Field(
        default=64, ge=1, le=10_000, description="Rows of requests that are joined to one call."
    )
    batch_bytes: int = Field(
        default=16_777_216, ge=1_024, le=1_073_741_824, description="Bytes of their tensors."
    )
    degraded_answers: bool = Field(
        default=True, description="Answer from the fallback when the model fails."
    )

    api_keys_file: Path | None = Field(
        default=None, description="Lines of NAME:SHA-256 of a key; without it, access is open."
    )
    keys_required_for: Literal["predictions", "all"] = Field(
        default="predictions", description="all: metrics, the manifest and the pages need a key."
    )

    capture_dir: Path | None = Field(
        default=None, description="Capture requests and responses in files below this folder."
    )
    capture_percentage: float = Field(
        default=100, ge=0, le=100, description="Percentage of requests, sampled at random."
    )
    capture_inputs: bool = Field(default=True, description="Capture requests.")
    capture_outputs: bool = Field(default=True, description="Capture responses.")
    capture_redact: Words = Field(
        default=(), description="Comma-separated fields whose values are not captured."
    )
    capture_json_types: Words = Field(
        default=("application/json", "application/x-www-form-urlencoded", "application/jsonlines"),
        description="Content types captured as JSON; the second one is curl's default.",
    )
    capture_csv_types: Words = Field(
        default=("text/csv",), description="Content types captured as CSV; others in base64."
    )
    capture_variant: str = Field(
        default="AllTraffic", pattern=NAME, description="The folder below the model's name."
    )
    capture_queue_records: int = Field(
        default=10_000, ge=1, le=1_000_000, description="Queued records."
    )
    capture_queue_bytes: int = Field(
        default=16_777_216, ge=1_024, le=1_073_741_824, description="Total size of queued records."
    )
    capture_file_bytes: int = Field(
        default=8_388_608, ge=1_024, le=1_073_741_824, description="A larger file is closed."
    )
    capture_file_age_s: float = Field(
        default=60, gt=0, le=3_600, description="An older file is closed."
    )
    ground_truth_dir: Path | None = Field(
        default=None, description="Store feedback in files below this folder."
    )
    feedback_rows: int = Field(
        default=50_000, ge=2, le=10_000_000, description="Predictions that are cached for feedback."
    )
    monitoring_config: Path = Field(default=MONITORING, description="Lists the groups of feedback.")
    drift_metrics: bool = Field(
        default=True, description="Count every bin of every field; off to save series."
    )
    challenger_dir: Path | None = Field(
        default=None, description="Artifact of a second model, which is compared with the first."
    )
    challenger_percentage: float = Field(
        default=10, ge=0, le=100, description="Percentage of requests that it answers as well."
    )

    log_level: Level = Field(default="INFO", description="Minimum level of the log.")
    log_profile: Literal["plain", "json", "gcp", "aws"] = Field(
        default="plain", description="plain for people; json, gcp and aws for machines."
    )
    log_dir: Path | None = Field(
        default=None, description="Write one log file per start to this folder."
    )
    tracing: Literal["auto", "on", "off"] = Field(
        default="auto", description="Export spans by OpenTelemetry; auto: with its endpoint."
    )
    google_cloud_project: str = Field(
        default="", description="Project that links traces to Google's logs."
    )

    webhook_url: WebAddress | None = Field(
        default=None, description="Slack-compatible URL that failures are sent to."
    )
    webhook_interval_s: float = Field(
        default=300, ge=0, le=86_400, description="Each failure is sent once per interval."
    )
    webhook_timeout_s: float = Field(default=5, gt=0, le=60, description="Timeout of one message.")

    @model_validator(mode="after")
    def _check_combinations(self) -> Self:
        if self.keys_required_for == "all" and self.api_keys_file is None:
            raise ValueError("KEYS_REQUIRED_FOR=all needs API_KEYS_FILE")
        if self.model_uri and "model_dir" in self.model_fields_set:
            raise ValueError("MODEL_DIR and MODEL_URI name two models; unset one of them")
        if self.repository_api and self.api_keys_file is None:
            raise ValueError("REPOSITORY_API names consumers, which needs API_KEYS_FILE")
        sagemaker = self.platform == "sagemaker"
        check_routes(self.predict_route, self.health_route, sagemaker=sagemaker)
        return self

    @classmethod
    def load(cls) -> Self:
        """Read the settings from the environment; an empty variable counts as unset.

        Raises:
            ConfigurationError: some are out of range; the message names each of them.
        """
        try:
            return cls.model_validate(cls.read_environment())
        except ValidationError as error:
            wrong = [
                environment.describe(each, dict(cls.model_fields))
                for each in error.errors(include_url=False)
            ]
            raise ConfigurationError(
                "These environment variables cannot be used: " + "; ".join(wrong) + "."
            ) from error

    @classmethod
    def read_public_key(cls) -> Path | None:
        """Return `model_public_key` alone from the environment, for commands without a service."""
        fields = {"model_public_key": dict(cls.model_fields)["model_public_key"]}
        value = environment.read_fields(fields, CLOSED).get("model_public_key")
        return None if value is None else Path(value)

    @classmethod
    def read_environment(cls) -> dict[str, str]:
        """Return the variables that are set, by field."""
        return environment.read_fields(dict(cls.model_fields), CLOSED)
