"""Sealed values open with their key, in their place, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtalk.errors import Invalid
from backtalk.storage.sealing import KeyMismatch, Sealer

OLD, NEW = "the old key of this test", "the new key of this test"
PLACE: dict[str, Any] = {"table": "apis", "workspace_id": 1, "row_id": 2, "column": "header_values"}


@given(st.binary(max_size=2_000))
def test_what_was_sealed_opens(data: bytes) -> None:
    sealer = Sealer([OLD])
    assert sealer.unseal(sealer.seal(data, **PLACE), **PLACE) == data


def test_k01_a_sealed_value_shows_nothing_and_never_the_same() -> None:
    sealer = Sealer([OLD])
    one, two = (sealer.seal(b"canary" * 10, **PLACE) for _ in range(2))
    assert b"canary" not in one
    assert OLD.encode() not in one
    assert one != two


@pytest.mark.parametrize(
    "other", [{"table": "channels"}, {"workspace_id": 3}, {"row_id": 3}, {"column": "credentials"}], ids=str
)
def test_a_value_moved_elsewhere_does_not_open(other: dict[str, Any]) -> None:
    sealer = Sealer([OLD])
    sealed = sealer.seal(b"x", **PLACE)
    with pytest.raises(KeyMismatch):
        sealer.unseal(sealed, **{**PLACE, **other})


def test_any_changed_byte_is_found() -> None:
    sealer = Sealer([OLD])
    sealed = sealer.seal(b"secret", **PLACE)
    for index in range(len(sealed)):
        changed = bytearray(sealed)
        changed[index] ^= 1
        with pytest.raises(KeyMismatch):
            sealer.unseal(bytes(changed), **PLACE)


@given(st.binary(max_size=64))
def test_any_bytes_are_refused_in_one_way(noise: bytes) -> None:
    with pytest.raises(KeyMismatch):
        Sealer([OLD]).unseal(noise, **PLACE)


def test_k05_another_key_is_refused_in_words() -> None:
    sealed = Sealer([OLD]).seal(b"secret", **PLACE)
    with pytest.raises(KeyMismatch) as caught:
        Sealer([NEW]).unseal(sealed, **PLACE)
    assert "BACKTALK_SECRET_KEY" in caught.value.hint
    assert isinstance(caught.value, Invalid)


def test_k05_the_first_key_seals_and_every_key_opens() -> None:
    old, both, new = Sealer([OLD]), Sealer([NEW, OLD]), Sealer([NEW])
    by_old, by_both = old.seal(b"a", **PLACE), both.seal(b"b", **PLACE)
    assert both.unseal(by_old, **PLACE) == b"a"
    assert new.unseal(by_both, **PLACE) == b"b"
    assert (both.is_current(by_old), both.is_current(by_both)) == (False, True)


def test_derived_keys_differ_by_purpose_and_outlive_a_rotation() -> None:
    old, both = Sealer([OLD]), Sealer([NEW, OLD])
    assert len(old.derive("chat tokens")) == 32
    assert old.derive("chat tokens") != old.derive("something else")
    assert old.derive("chat tokens") == both.derive("chat tokens")


@pytest.mark.parametrize("keys", [[], [""], ["short"], [OLD, ""], [" " * 40]], ids=str)
def test_k07_no_key_or_a_poor_one_is_refused(keys: list[str]) -> None:
    with pytest.raises(Invalid, match="BACKTALK_SECRET_KEY"):
        Sealer(keys)
