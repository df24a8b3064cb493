"""Liveness, readiness and metrics."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from backtalk.errors import Unavailable
from backtalk.http.metrics import Meter, render
from backtalk.runtime.services import Services
from backtalk.storage import installation


async def live(_request: Request) -> Response:
    """The process runs. Says nothing of what it needs, so that nobody restarts it for a full disk."""
    return JSONResponse({"status": "live"})


async def ready(request: Request) -> Response:
    """Whether requests should be sent here: not while it stops, nor while nothing can be written (row O01)."""
    reason = await _why_not_ready(request.app.state.services)
    if reason:
        return JSONResponse({"status": "not ready", "reason": reason}, 503, {"Retry-After": "2"})
    return JSONResponse({"status": "ready"})


async def metrics(request: Request) -> Response:
    services: Services = request.app.state.services
    meter: Meter = request.app.state.meter
    gauges: dict[str, float] = {
        "uptime_seconds": (datetime.now(UTC) - services.started_at).total_seconds(),
        "draining": float(services.draining),
        "database_healthy": float(services.database.healthy),
        "listeners": float(services.live.count()),
        "effects_under_way": float(services.performer.under_way),
        **{f"outbound_{name}": float(value) for name, value in services.outbound.snapshot().items()},
    }
    text, content_type = render(meter, gauges)
    return Response(text, headers={"Content-Type": content_type})


async def _why_not_ready(services: Services) -> str:
    if services.draining:
        return "stopping"
    try:
        if services.database.healthy:
            await services.database.read(installation.readable)
        else:  # only a write can tell that writing works again
            await services.database.write(installation.touch)
    except Unavailable:
        return "database"
    return ""


routes = [
    Route("/healthz/live", live, name="live"),
    Route("/healthz/ready", ready, name="ready"),
    Route("/metrics", metrics, name="metrics"),
]
