"""Killed again and again under load: nothing acknowledged is lost, order is kept, and what is planted is found (rows S01 to S06).

    CRASH_KILLS=1000 CRASH_SEED=7 pytest tests/crash/test_kill.py

A seed decides what is said and at which kind of moment the server dies; the machine decides the rest.
"""

from __future__ import annotations

import os
from pathlib import Path
from random import SystemRandom

import pytest

from tests.crash import mutants
from tests.crash.load import load

KILLS = int(os.environ.get("CRASH_KILLS", "100"))
SEED = int(os.environ.get("CRASH_SEED", "0")) or SystemRandom().randrange(1, 10**6)
MOST_KILLS = 60
"""How many kills a planted bug may survive."""
BETWEEN_CHECKS = 4

pytestmark = pytest.mark.slow


async def test_s06_nothing_acknowledged_is_lost_and_everything_is_answered_once(tmp_path: Path) -> None:
    async with load(tmp_path, SEED) as under:
        for _ in range(KILLS):
            await under.kill_and_restart()
        await under.settle()
        code = await under.lives.stop()
        messages, calls = sum(len(visitor.sent) for visitor in under.visitors), len(under.shop.asked)
        repeated = calls - len(under.shop.numbers)
        story = f"seed {SEED}: {under.kills} kills, {messages} messages, {calls} calls, {repeated} of them again"
        print(story)  # noqa: T201 - how to do it again
        assert under.wrong() == [], story
        assert code == 0
        assert messages > KILLS * 5, story
        assert KILLS < 50 or repeated > 0, story


@pytest.mark.parametrize("bug", mutants.PLANTED)
async def test_s06_a_planted_bug_is_found(tmp_path: Path, bug: str) -> None:
    for seed in range(1, MOST_KILLS // BETWEEN_CHECKS + 1):
        folder = tmp_path / str(seed)
        folder.mkdir()
        async with load(folder, seed, bug) as under:
            for _ in range(BETWEEN_CHECKS):
                await under.kill_and_restart()
            await under.settle(longest_pause_s=1.5)
            await under.lives.stop()
            if under.wrong():
                return
    pytest.fail(f"{bug} survived {MOST_KILLS} kills")
