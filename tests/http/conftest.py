"""Fixtures of the HTTP tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backtalk.outbound import EgressPolicy, Outbound
from backtalk.outbound.dial import tls_context
from backtalk.runtime.services import Services, start_services
from backtalk.storage.database import Database
from tests.http.site import Site, open_site

_TLS = tls_context()
"""Made once: reading the authorities takes longer than most of these tests."""


@pytest.fixture
async def services(database: Database) -> AsyncIterator[Services]:
    """The running parts, with nothing allowed but public addresses and one closed port."""
    policy = EgressPolicy(["127.0.0.1:9"])
    started = await start_services(database, policy, outbound=Outbound(policy, tls=_TLS))
    yield started
    started.draining = True
    started.live.wake_all()
    await started.sweeper.stop()
    await started.performer.stop()
    await started.outbound.close()


@pytest.fixture
async def site(services: Services) -> Site:
    """The application with two workspaces, without sockets."""
    return await open_site(services)
