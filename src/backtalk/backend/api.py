"""An API of the customer's backend, as the rest of the product sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backtalk.engine.reply import OnFailure, Shape


@dataclass(frozen=True, slots=True)
class Api:
    """Loaded for one call: header values are plaintext here and nowhere else."""

    id: int
    name: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    params: tuple[tuple[str, str], ...] = ()
    output: Shape | None = None
    timeout_s: float = 5.0
    on_failure: OnFailure | None = None
    dialect: str = "backtalk"
    mapping: dict[str, Any] | None = None
