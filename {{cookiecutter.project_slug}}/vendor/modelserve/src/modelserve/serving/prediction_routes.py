"""The routes of predictions, which the hot path answers."""

from collections.abc import Iterable, Mapping

from ..settings import Settings
from .components import Components
from .hot_path import Route
from .oip.exchange import InferenceNegotiator

INFER_ROUTE = "/v2/models/{name}/infer"  # its name in metrics and log lines


def prediction_paths(settings: Settings, own: Iterable[str]) -> tuple[str, ...]:
    """Return the routes of predictions by their names in metrics."""
    platform = ("/invocations",) if settings.platform == "sagemaker" else ()
    return (settings.predict_route, INFER_ROUTE, *platform, *own)


def prediction_routes(components: Components) -> Mapping[str, Route]:
    """Return the routes of predictions by path."""
    settings, responses = components.settings, components.error_responses
    v2, versioned = components.oip.infer_paths()
    negotiator = InferenceNegotiator(components.oip)
    infer = Route(INFER_ROUTE, components.oip, responses.protocol_error, negotiator)
    predict = Route(settings.predict_route, components.codec, responses.problem)
    routes = {settings.predict_route: predict, v2: infer, versioned: infer}
    for path, codec in components.project_codecs.items():
        routes[path] = Route(path, codec, responses.problem, codec)
    if settings.platform == "sagemaker":
        from .sagemaker import platform  # pylint: disable=import-outside-toplevel

        routes |= platform.predictions(components)
    return {f"{path}/": route for path, route in routes.items()} | routes
