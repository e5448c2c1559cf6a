"""Claims held against weights: what a repository says of its licence and base models, and what its weights show.

The subject's words are read (``statements``, ``stated_licence``), every reference is opened and compared
(``references``) and its own bases followed (``ancestry``); the rules (``rules``) look at the case that results; the
policy (``policy``) decides what counts. Licences are data (``licences``).
"""

from __future__ import annotations

from lineage_audit.claims.certified import GivenCertificate, given_certificate
from lineage_audit.claims.engine import CheckOptions, check_claims, with_baseline, worth_a_baseline
from lineage_audit.claims.given import GivenReference, given_reference, given_references
from lineage_audit.claims.policy import (
    Policy,
    PolicyError,
    baseline_text,
    find_policy,
    key_of,
    read_baseline,
    read_policy,
)
from lineage_audit.claims.rules import RULES, page_of, rule_ids

__all__ = [
    "RULES",
    "CheckOptions",
    "GivenCertificate",
    "GivenReference",
    "Policy",
    "PolicyError",
    "baseline_text",
    "check_claims",
    "find_policy",
    "given_certificate",
    "given_reference",
    "given_references",
    "key_of",
    "page_of",
    "read_baseline",
    "read_policy",
    "rule_ids",
    "with_baseline",
    "worth_a_baseline",
]
