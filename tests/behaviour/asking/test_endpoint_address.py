"""Addresses of endpoints: what they may hold, and where a key may go."""

from __future__ import annotations

import pytest

from lineage_audit.behaviour.asking.endpoint_address import address_of, is_endpoint
from lineage_audit.errors import UnresolvedReferenceError


def test_an_address_is_a_base_and_a_model() -> None:
    address = address_of("https://api.example.org/v1/#org/model-1")
    assert (address.base, address.model) == ("https://api.example.org/v1", "org/model-1")
    assert address.key_name == "LINEAGE_AUDIT_KEY_API_EXAMPLE_ORG"


@pytest.mark.parametrize("ref", ["org/model", "./folder", "https://example.org/model.safetensors", "ftp://host/v1#m"])
def test_other_references_are_none(ref: str) -> None:
    assert not is_endpoint(ref)


@pytest.mark.parametrize(
    "ref",
    [
        "https://user:secret@example.org/v1#m",
        "https://example.org/v1?key=secret#m",
        "https:///v1#m",
        "https://example.org/v1#",
        "https://[::1/v1#m",
        "https://example.org:port/v1#m",
    ],
)
def test_an_address_that_is_none_or_holds_a_secret_is_refused_without_repeating_it(ref: str) -> None:
    with pytest.raises(UnresolvedReferenceError) as raised:
        address_of(ref)
    assert "secret" not in str(raised.value)


def test_a_key_goes_to_its_own_host_alone() -> None:
    environment = {"LINEAGE_AUDIT_KEY_API_EXAMPLE_ORG": "key"}
    assert address_of("https://api.example.org/v1#m").headers(environment) == {"Authorization": "Bearer key"}
    assert address_of("https://other.example.org/v1#m").headers(environment) == {}


def test_a_key_does_not_travel_in_the_clear() -> None:
    environment = {"LINEAGE_AUDIT_KEY_API_EXAMPLE_ORG": "key", "LINEAGE_AUDIT_KEY_LOCALHOST": "key"}
    with pytest.raises(UnresolvedReferenceError, match="https"):
        address_of("http://api.example.org/v1#m").headers(environment)
    assert address_of("http://localhost:8080/v1#m").headers(environment)


def test_a_key_that_would_add_a_header_is_refused() -> None:
    with pytest.raises(UnresolvedReferenceError, match="characters"):
        address_of("https://localhost/v1#m").headers({"LINEAGE_AUDIT_KEY_LOCALHOST": "a\r\nX: b"})
