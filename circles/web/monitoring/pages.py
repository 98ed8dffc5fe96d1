"""/livez, /readyz, /healthz and /metrics: for balancers, for monitors and persons, for Prometheus."""

from __future__ import annotations

import hmac
import time
from ipaddress import ip_address

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

import circles
from circles.base.errors import NotFound
from circles.web import access
from circles.web.access import Access, route
from circles.web.monitoring import health, metrics, probe
from circles.web.monitoring.request_log import FROM_PROXY

NOT_STORED = {"Cache-Control": "no-store"}


async def livez(_: Request) -> Response:
    """200 while this process answers at all; nothing else is asked."""
    return PlainTextResponse("alive", headers=NOT_STORED)


async def readyz(request: Request) -> Response:
    """200 when this process may be sent requests: the database can be read and written, and is migrated.

    503 as well once the process was told to stop, while it still serves whom the balancer sent here before.
    """
    if request.app.state.stopping.is_set():
        return JSONResponse({"state": "stopping"}, 503, NOT_STORED)
    state = await probe.shared(request.app, only_ready=True)
    found = health.items(state, access.context(request).settings, up=0)
    return JSONResponse(
        {"state": "ready" if state.is_ready else "not ready", "database": found["database"]},
        status_code=200 if state.is_ready else 503,
        headers=NOT_STORED,
    )


async def healthz(request: Request) -> Response:
    """200 when all is well, else 503, with every item by name.

    The waiting jobs and mails by kind are for who may read the metrics: a stranger could tell from them that a mail
    went to somebody, and so that an address has an account.
    """
    state = await probe.shared(request.app)
    up = time.monotonic() - request.app.state.started
    found = health.items(state, access.context(request).settings, up=up)
    well = health.is_well(state, found)
    waiting = {
        name: {row["kind"]: {"count": row["waiting"], "seconds": round(row["oldest_wait"])} for row in rows}
        for name, rows in (("jobs", state.jobs), ("mails", state.mails))
    }
    details = {"waiting": waiting} if _may_read_metrics(request) else {}
    return JSONResponse(
        {"state": health.WELL if well else "not well", **found, **details, "version": circles.VERSION},
        status_code=200 if well else 503,
        headers=NOT_STORED,
    )


async def metrics_page(request: Request) -> Response:
    """The metrics of this process, for those who know the token; in practice mode for this machine."""
    context = access.context(request)
    if not _may_read_metrics(request):
        if not context.settings.metrics_token.get_secret_value():
            raise NotFound
        return PlainTextResponse("This needs a token.", 401, NOT_STORED | {"WWW-Authenticate": "Bearer"})
    state = await probe.shared(request.app)
    text = metrics.text(None if state.connection else state, context.db.pool_states())
    return Response(text, headers=NOT_STORED, media_type=metrics.CONTENT_TYPE)


def _may_read_metrics(request: Request) -> bool:
    settings = access.context(request).settings
    token = settings.metrics_token.get_secret_value()
    return _has_token(request, token) if token else settings.practice and _is_this_machine(request)


def _has_token(request: Request, token: str) -> bool:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def _is_this_machine(request: Request) -> bool:
    """Whether the connection comes from this machine, and through no proxy that says so."""
    forwarded = {"forwarded", "via", "x-forwarded-for", "x-real-ip"} & set(request.headers)
    if request.client is None or forwarded or request.scope.get(FROM_PROXY):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


ROUTES = [
    route("/livez", livez, Access.MACHINE),
    route("/readyz", readyz, Access.MACHINE),
    route("/healthz", healthz, Access.MACHINE),
    route("/metrics", metrics_page, Access.MACHINE),
]
