"""Liveness, readiness, metrics."""

from __future__ import annotations

import sqlite3

import pytest

from backtalk.errors import Unavailable
from backtalk.storage import installation
from backtalk.storage.database import Database
from tests.http.site import Site


async def test_o01_a_healthy_server_is_live_and_ready(site: Site) -> None:
    assert (await site.anybody.get("/healthz/live")).json() == {"status": "live"}
    assert (await site.anybody.get("/healthz/ready")).json() == {"status": "ready"}


async def test_o01_s07_not_ready_at_once_while_stopping_but_live(site: Site) -> None:
    site.services.draining = True
    reply = await site.anybody.get("/healthz/ready")
    assert (reply.status, reply.json()["reason"]) == (503, "stopping")
    assert (await site.anybody.get("/healthz/live")).status == 200


async def test_o01_s09_not_ready_while_nothing_can_be_written_and_ready_again_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = site.services.database
    database.healthy = False

    async def full(_self: Database, _work: object) -> None:
        raise Unavailable(str(sqlite3.OperationalError("database or disk is full")))

    with monkeypatch.context() as broken:
        broken.setattr(Database, "write", full)
        reply = await site.anybody.get("/healthz/ready")
        assert (reply.status, reply.json()["reason"]) == (503, "database")
        assert "retry-after" in reply.headers
        assert (await site.anybody.get("/healthz/live")).status == 200
    assert (await site.anybody.get("/healthz/ready")).status == 200
    assert database.healthy
    assert await database.read(lambda tx: installation.get(tx, "written_at"))


async def test_metrics_are_prometheus_text(site: Site) -> None:
    await site.own.owner.get("/api/v1/workspace")
    reply = await site.anybody.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=")
    for wanted in (
        'backtalk_requests_total{area="api",method="GET",status="2xx"} 1.0',
        'backtalk_request_seconds_count{area="api"} 1.0',
        "backtalk_database_healthy 1.0",
        "backtalk_loop_lag_seconds",
        "backtalk_outbound_in_flight 0.0",
        "process_resident_memory_bytes",
    ):
        assert wanted in reply.text


async def test_o04_nothing_of_a_tenant_is_a_label(site: Site) -> None:
    for number in range(30):
        await site.own.owner.get(f"/secret-path-{number}")
        await site.own.owner.request(f"VERB{number}", f"/api/v1/bots/{number}")
    text = (await site.anybody.get("/metrics")).text
    assert "secret-path" not in text
    assert "VERB" not in text
    assert len([line for line in text.splitlines() if line.startswith("backtalk_requests_total")]) < 8
