"""The Delay Block."""

from __future__ import annotations

from typing import Any

import pytest

from backtalk.engine.messages import Text
from backtalk.errors import Invalid
from tests.support.bots import a_bot, text
from tests.support.script import Script


@pytest.mark.parametrize("seconds", [0.1, 2, 2.5, 86_400])
def test_it_goes_on_when_the_time_has_gone_by(seconds: float) -> None:
    script = Script(a_bot({"type": "delay", "seconds": seconds}, text("on"))).start()
    assert script.waits == [seconds]
    script.after(seconds - 0.01).silent().after(0.01).bot(Text("on"))


@pytest.mark.parametrize("seconds", [0, -1, 86_401, float("inf"), float("nan"), "2", True, None])
def test_what_is_no_delay(seconds: Any) -> None:
    with pytest.raises(Invalid):
        a_bot({"type": "delay", "seconds": seconds})
