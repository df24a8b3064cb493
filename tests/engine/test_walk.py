"""From block to block; see test_step for whole conversations."""

from __future__ import annotations

from backtalk.engine.block import Jump, Next
from backtalk.engine.effects import CallApi, Note
from backtalk.engine.run import Run
from backtalk.engine.state import Place
from backtalk.engine.walk import MAX_BLOCKS, enter, walk
from tests.support.bots import T0, a_bot, a_state, text

BOT = a_bot(
    sequences={
        1: [text("a"), text("b")],
        2: [{"type": "go_to", "sequence": 9}],
        3: [],
        4: [text("<<api:5>>"), text("c")],
    }
)


def a_run(place: Place | None = None, **state: int) -> Run:
    run = Run.of(BOT, a_state(**state), T0)
    run.place = place
    return run


def test_on_goes_to_the_block_below() -> None:
    run = a_run(Place(1, "1.0"))
    walk(run, Next.ON)
    assert run.walked == [Place(1, "1.1")]


def test_wait_and_stop_go_nowhere() -> None:
    for then in (Next.WAIT, Next.STOP):
        run = a_run(Place(1, "1.0"))
        walk(run, then)
        assert run.walked == []


def test_a_jump_begins_at_the_first_block() -> None:
    run = a_run(Place(4, "4.1"))
    walk(run, Jump(1))
    assert run.walked == [Place(1, "1.0"), Place(1, "1.1")]


def test_a_jump_to_what_is_gone_ends_the_run_with_a_note() -> None:
    run = a_run()
    walk(run, Jump(2))
    (note,) = run.effects
    assert isinstance(note, Note)
    assert (note.code, note.block) == ("unknown_sequence", "2.0")


def test_an_empty_sequence_ends_the_run() -> None:
    run = a_run()
    walk(run, Jump(3))
    assert (run.walked, run.effects) == ([], [])


def test_a_block_with_an_api_waits_for_it() -> None:
    run = a_run()
    walk(run, Jump(4))
    assert run.effects == [CallApi("call-1", 5, "text", "4.0")]
    assert run.calling
    assert run.calling.place == Place(4, "4.0")


def test_what_stands_nowhere_ends_the_run() -> None:
    run = a_run(Place(1, "gone"))
    walk(run, Next.ON)
    assert (run.walked, run.effects) == ([], [])


def test_the_budget_counts_every_block() -> None:
    run = a_run(blocks=MAX_BLOCKS - 1)
    assert enter(run, Place(1, "1.0"))
    assert not enter(run, Place(1, "1.1"))
    assert (run.blocks, run.walked) == (MAX_BLOCKS, [Place(1, "1.0")])
