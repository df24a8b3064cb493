"""An API has the product's defaults."""

from __future__ import annotations

from backtalk.backend.api import Api


def test_contract_1_an_api_waits_five_seconds_and_speaks_our_dialect() -> None:
    api = Api(1, "Order status", "POST", "https://shop.example/orders")
    assert (api.timeout_s, api.dialect, api.headers, api.params, api.output, api.on_failure) == (
        5.0,
        "backtalk",
        (),
        (),
        None,
        None,
    )
