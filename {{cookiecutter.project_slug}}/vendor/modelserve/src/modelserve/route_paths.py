"""The paths that the service answers by itself, which no other route may have."""

from . import environment

HEALTH_ROUTE = "/health/ready"  # unless the operator chooses another one
STATUS_PATHS = ("/docs", "/openapi.json", "/health/live", "/metrics", "/model", "/feedback", "/v2")
PLATFORM_PATHS = ("/ping", "/invocations")


def is_taken(path: str, others: tuple[str, ...] = ()) -> bool:
    """Return whether a path is answered already.

    Args:
        path: of a route.
        others: paths that are taken besides.
    """
    spelt = path.rstrip("/") or "/"  # a slash at the end makes no difference
    return spelt in (*STATUS_PATHS, *others) or path.startswith(("/v2/", "/docs/"))


def check_routes(predict_route: str, health_route: str, *, sagemaker: bool) -> None:
    """Check the paths that an operator has chosen.

    Raises:
        ValueError: one of them is another route's; the message names the variable that sets it.
    """
    platform = PLATFORM_PATHS if sagemaker else ()
    default = (HEALTH_ROUTE,) if health_route == HEALTH_ROUTE else ()
    _check("predict_route", predict_route, (*platform, *default))
    _check("health_route", health_route, (*platform, predict_route))


def _check(field: str, path: str, others: tuple[str, ...]) -> None:
    if is_taken(path, others):
        name = environment.variable(field)
        raise ValueError(f"{name}={path} is another route's path; choose another")
