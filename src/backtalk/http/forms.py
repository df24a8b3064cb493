"""What requests and answers of the management API have in common: strict forms, ids, pages."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAX_ID = 2**63 - 1
MAX_LIMIT = 200

Item = TypeVar("Item")

Id = Annotated[int, Path(ge=1, le=MAX_ID, description="The id.")]
"""An id in a path; what cannot be one is an unknown id."""
RowId = Annotated[int, Field(strict=True, ge=1, le=MAX_ID)]
"""An id in a body."""
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many items at most.")]
After = Annotated[int, Query(ge=0, le=MAX_ID, description="The `next` of the page before.")]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")
]
"""A name that people read, on one line."""


class Form(BaseModel):
    """What is sent. Unknown fields are refused, so that a slip of the pen is never taken for silence (row A15)."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Shown(BaseModel):
    """What is answered."""

    model_config = ConfigDict(use_attribute_docstrings=True, from_attributes=True)


class Page(BaseModel, Generic[Item]):
    """A part of a list."""

    items: list[Item]
    next: int | None = Field(None, description="Send it as `after` for the page that follows; null at the end.")


def page_of(items: list[Any], limit: int) -> dict[str, Any]:
    """Items with an `id` as a page: full pages have a next one."""
    return {"items": items, "next": items[-1].id if len(items) == limit else None}
