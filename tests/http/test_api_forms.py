"""A change of an API keeps what is left out, and a header value of null."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from backtalk.engine.reply import OnFailure
from backtalk.http.api_forms import ApiChange, ApiForm
from backtalk.storage.apis import ApiSettings

OLD = ApiSettings(
    name="Old",
    method="POST",
    url="https://shop.example/",
    headers=[("X-Token", None)],
    params=[("a", "1")],
    output="text",
    timeout_s=3.0,
    on_failure=OnFailure("Sorry", 2),
)


def test_what_is_left_out_stays() -> None:
    assert ApiChange.model_validate({}).applied_to(OLD) == OLD
    changed = ApiChange.model_validate({"name": " New ", "on_failure": None}).applied_to(OLD)
    assert (changed.name, changed.on_failure, changed.url) == ("New", None, OLD.url)


def test_a_form_becomes_settings() -> None:
    form = ApiForm.model_validate(
        {
            "name": " X ",
            "method": "GET",
            "url": " https://a.example ",
            "headers": [{"name": "X-Token", "value": "secret", "is_set": True}],
            "params": [{"name": "n", "value": "{{n}}"}],
            "on_failure": {"say": "Sorry"},
        }
    )
    settings = form.to_settings()
    assert (settings.name, settings.url) == ("X", "https://a.example")
    assert (list(settings.headers), list(settings.params)) == ([("X-Token", "secret")], [("n", "{{n}}")])
    assert settings.on_failure == OnFailure("Sorry", None)


@pytest.mark.parametrize("more", [{"id": 7}, {"workspace_id": 7}, {"headers": "x"}, {"params": [{"name": "x"}]}])
def test_a15_unknown_fields_and_wrong_types_are_refused(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ApiForm.model_validate({"name": "X", "method": "GET", "url": "https://a.example", **more})
