"""How a run goes from block to block: on, to another sequence, until one waits, the sequence ends or the budget is used up."""

from __future__ import annotations

from backtalk.engine.block import Block, Jump, Next
from backtalk.engine.effects import CallApi, Note
from backtalk.engine.run import Run
from backtalk.engine.state import Calling, Place

MAX_BLOCKS = 100
"""Blocks that one thing a customer does can set going, its calls and delays included."""


def walk(run: Run, then: Next | Jump) -> None:
    """Go on from `run.place` until a block waits, the sequence ends or the budget is used up."""
    while then is Next.ON or isinstance(then, Jump):
        block = _block_after(run, then)
        if block is None or not enter(run, run.place):
            return
        apis = block.apis()
        if apis and run.place:
            _call(run, run.place, block, apis)
            return
        then = block.run(run)


def _block_after(run: Run, then: Next | Jump) -> Block | None:
    """Move `run.place` to the block that comes next; None at the end of a sequence."""
    if isinstance(then, Jump):
        sequence, index = run.bot.sequences.get(then.sequence), 0
        if sequence is None:
            run.note("unknown_sequence", f"Sequence {then.sequence} does not exist in this bot.")
            return None
    else:
        spot = run.bot.spot(run.place) if run.place else None
        if spot is None:
            return None
        sequence, index = spot[0], spot[1] + 1
    if index >= len(sequence.blocks):
        return None
    block = sequence.blocks[index]
    run.place = Place(sequence.id, block.id)
    return block


def enter(run: Run, place: Place | None) -> bool:
    """Count a block against the budget."""
    if run.blocks >= MAX_BLOCKS or place is None:
        run.effects.append(
            Note(
                "block_budget",
                f"The bot ran {MAX_BLOCKS} blocks without the customer doing anything and was stopped. "
                "Look for sequences that lead back to each other without a question between them.",
                place.block if place else None,
                severity="error",
            )
        )
        return False
    run.blocks += 1
    run.walked.append(place)
    return True


def _call(run: Run, place: Place, block: Block, apis: tuple[int, ...]) -> None:
    calls = {run.new_key("call"): api for api in apis}
    run.calling = Calling(place, calls)
    run.effects.extend(CallApi(key, api, block.shape, block.id) for key, api in calls.items())
