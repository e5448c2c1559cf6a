"""Checks with realistic values: one that fails, passes, is inconclusive, and one with nothing but a card."""

from __future__ import annotations

from dataclasses import replace

from lineage_audit.results import (
    AncestorSummary,
    CheckReport,
    ClaimRecord,
    Finding,
    LibrarySearch,
    LicenceStatement,
    Location,
    ModelSummary,
    ReferenceSummary,
    RuleInfo,
    Suppression,
    WeightFile,
)

SUBJECT = ModelSummary(
    ref="orchard/nova-7b",
    revision="f5db02db724555f92da89c216ac04704f23d4590",
    digest="sha256:0d9c8b7a69584736251403f2e1d0cfbeadbc9b8a7968574635241302f1e0dfce",
    format="safetensors (bfloat16)",
    architecture="NovaForCausalLM",
    parameters=6_738_415_616,
    layers=32,
    bytes_read=26_411_008,
    license="apache-2.0",
    base_models=(),
    digest_method="file-hashes",
    files=(WeightFile("model.safetensors", 13_476_839_424, "7e" * 32),),
)

APACHE = LicenceStatement(
    stated="apache-2.0",
    key="apache-2.0",
    name="Apache License 2.0",
    spdx="Apache-2.0",
    licence_class="permissive",
    source="https://licences.example/apache-2.0",
    basis="README.md:2 states license: apache-2.0.",
)
MEADOW_COMMUNITY = LicenceStatement(
    stated="llama2",
    key="llama2",
    name="Llama 2 Community License",
    spdx="LicenseRef-scancode-llama-2-license-2023",
    licence_class="use-restricted",
    source="https://licences.example/llama-2",
    basis="The weights derive from meadow-ai/prairie-7b, which is under this licence.",
)

PARENT = ReferenceSummary(
    ref="meadow-ai/prairie-7b",
    revision="01c7f73d771dfac7d292323805ebc428287df4f9",
    digest="sha256:8b1f0c0f5e1f4f4ad1ccf6f93e1ba0f2e4a5a2f7d0a1f8c9b7e6d5c4b3a29180",
    origin="given",
    declared=False,
    status="compared",
    reason=None,
    relation="derived",
    direction="a->b",
    grade="exact",
    log10_p=-15943.2,
    derived_share=0.998,
    detection_limit=0.031,
    compared_share=0.97,
    bytes_read=1_234_567,
    summary="The subject derives from the reference: 32 of 32 layers match in order.",
    operations=("renamed-tensors", "fine-tuned"),
    licence=MEADOW_COMMUNITY,
    architecture="LlamaForCausalLM",
    parameters=6_738_415_616,
    ancestors=(
        AncestorSummary("old-ai/steppe", ("meadow-ai/prairie-7b",), MEADOW_COMMUNITY, "card"),
        AncestorSummary("older-ai/tundra", ("meadow-ai/prairie-7b", "old-ai/steppe"), None, "unknown"),
    ),
    standing="base",
)
STRANGER = replace(
    PARENT,
    ref="hill-labs/ridge-7b",
    revision=None,
    digest="headers-sha256:aa1f0c0f5e1f4f4ad1ccf6f93e1ba0f2e4a5a2f7d0a1f8c9b7e6d5c4b3a29180",
    origin="policy",
    relation="independent",
    direction="undetermined",
    log10_p=-0.3,
    derived_share=0.0,
    summary="Nothing found that the subject shares with the reference.",
    operations=(),
    licence=APACHE,
    ancestors=(),
)
GONE = ReferenceSummary(
    ref="meadow-ai/gone",
    revision=None,
    digest=None,
    origin="declared",
    declared=True,
    status="unavailable",
    reason="the repository does not exist or is private",
    relation=None,
    direction=None,
    grade=None,
    log10_p=None,
    derived_share=None,
    detection_limit=None,
    summary="The declared base could not be read.",
    operations=(),
    licence=None,
    architecture=None,
    parameters=None,
)

RULES = tuple(
    RuleInfo(rule_id, name, title, level, f"{title} To fix it, edit the card.", f"docs/rules/{rule_id}.md")
    for rule_id, name, title, level in (
        ("LA101", "undeclared-base", "A base that the weights show is not declared.", "error"),
        ("LA102", "unsupported-base", "The weights do not support a declared base.", "error"),
        ("LA104", "scratch-claim", "A claim of training from scratch does not fit the weights.", "error"),
        ("LA201", "licence-conflict", "The licence does not fit the base's licence.", "error"),
        ("LA203", "notice-missing", "A notice that the base's licence asks for is missing.", "warning"),
        ("LA901", "weights-unchecked", "The weights could not be checked.", "note"),
    )
)

CLAIMS = (
    ClaimRecord("license", "apache-2.0", "README.md", 2, "license"),
    ClaimRecord(
        "from_scratch", "Nova was trained from scratch by us on a carefully chosen corpus.", "README.md", 14, None
    ),
    ClaimRecord("base_model", "meadow-ai/prairie-7b", "policy.yaml", 4, "base_model", "policy"),
)

UNDECLARED = Finding(
    rule_id="LA101",
    level="error",
    message="The card that names no base model is inconsistent with the weights: they derive from prairie-7b.",
    evidence=(
        "The subject derives from the reference meadow-ai/prairie-7b: 32 of 32 layers match in order (p ≤ 10^-15943).",
        "README.md names no base_model.",
    ),
    fix="Add base_model: meadow-ai/prairie-7b to the front matter of README.md.",
    location=Location("README.md", 2),
    reference="meadow-ai/prairie-7b",
    suppression=None,
    fingerprint="1f" * 32,
    properties={
        "subject_digest": SUBJECT.digest,
        "reference_digest": PARENT.digest,
        "relation": "derived",
        "log10_p": -15943.2,
        "declared": False,
    },
)
SCRATCH = replace(
    UNDECLARED,
    rule_id="LA104",
    message="The claim of training from scratch is inconsistent with the weights.",
    evidence=("README.md:14 “Nova was trained from scratch by us on a carefully chosen corpus.”",),
    fix="Say from which model the training started.",
    location=Location("README.md", 14),
    fingerprint="2e" * 32,
    properties={},
)
NOTICE = replace(
    SCRATCH,
    rule_id="LA203",
    level="warning",
    message="The repository has no Notice file, which is inconsistent with the Llama 2 Community License.",
    evidence=(),
    fix="Add a file NOTICE with the sentence that the licence asks for.",
    location=Location("docs and notes/NOTICE #1.md", 1),
    fingerprint="3d" * 32,
)
ALLOWED = replace(
    NOTICE,
    rule_id="LA201",
    level="error",
    message="The licence apache-2.0 is inconsistent with the licence of meadow-ai/prairie-7b.",
    suppression=Suppression("allow-list", "A separate agreement with the publisher.", "2027-01-31"),
    fingerprint="4c" * 32,
)

FAILED = CheckReport(
    tool_version="1.2.3",
    checked_at="2027-01-31T08:15:00Z",
    subject=SUBJECT,
    weights_read=True,
    claims=CLAIMS,
    declared_licence=APACHE,
    concluded_licence=MEADOW_COMMUNITY,
    references=(PARENT, STRANGER),
    findings=(UNDECLARED, SCRATCH, ALLOWED, NOTICE),
    rules=RULES,
    fail_on="error",
    outcome="failed",
    effort="auto",
    policy="policy.yaml",
    caveats=("Distillation leaves no trace in the weights, so none can be seen or excluded here.",),
    seconds=3.2,
    budget=None,
    library=None,
)
PASSED = replace(
    FAILED,
    declared_licence=MEADOW_COMMUNITY,
    claims=CLAIMS[2:],
    references=(replace(PARENT, declared=True),),
    findings=(),
    outcome="passed",
    policy=None,
    caveats=(),
    budget=64 * 2**20,
    library=LibrarySearch(
        library="bases.library",
        scheme="1-64",
        oldest="2026-01-05T10:00:00Z",
        newest="2026-03-01T09:30:00Z",
        models=120,
        compared=15,
        compared_otherwise=1,
        left_out=0,
        related=(),
        undecided=("hill-labs/gorge-1b",),
        detection_limit=0.08,
        prefilter_limit=0.31,
        summary="None of 120 models, added from 2026-01-05 to 2026-03-01, is related.",
    ),
)
UNREAD = replace(
    PARENT,
    digest=None,
    status="claims-only",
    reason="effort metadata reads no weights",
    relation=None,
    direction=None,
    grade=None,
    log10_p=None,
    derived_share=None,
    detection_limit=None,
    summary="The weights were not compared: effort metadata reads no weights.",
    operations=(),
)
INCONCLUSIVE = replace(
    FAILED,
    subject=replace(SUBJECT, ref="models/nova 7b", revision=None, digest="unread", parameters=0, bytes_read=0),
    weights_read=False,
    references=(GONE, UNREAD),
    findings=(replace(NOTICE, location=Location("README.md", 1)),),
    concluded_licence=None,
    outcome="inconclusive",
)
BARE = replace(
    INCONCLUSIVE,
    claims=(),
    declared_licence=None,
    references=(),
    findings=(),
    rules=(),
    caveats=(),
    fail_on="never",
)

NOT_CHECKED = replace(PASSED, references=(), concluded_licence=None, outcome="not-checked", budget=None, library=None)

CHECKS = {
    "failed": FAILED,
    "passed": PASSED,
    "inconclusive": INCONCLUSIVE,
    "bare": BARE,
    "not-checked": NOT_CHECKED,
}
