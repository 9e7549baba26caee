"""The paths that the service answers by itself, which no other route may have."""

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
        ValueError: one of them is another route's.
    """
    platform = PLATFORM_PATHS if sagemaker else ()
    if is_taken(predict_route, platform):
        raise ValueError(f"PREDICT_ROUTE={predict_route} is another route's path; choose another")
    if is_taken(health_route, (*platform, predict_route)):
        raise ValueError(f"HEALTH_ROUTE={health_route} is another route's path; choose another")
