"""The benchmark of ``check``: enough cases of every part, a score that can be bad, and a few cases that are right."""

from collections import Counter
from dataclasses import replace

import pytest

from benchmarks.check.__main__ import main
from benchmarks.check.catalogue import cases
from benchmarks.check.scoring import score

CASES = {(case.part, case.name): case for case in cases()}
QUICK = [
    ("cards", "prose/base-from-scratch"),
    ("cards", "prose/you-can-and-ours"),
    ("cards", "prose/scratch-of-the-whole"),
    ("families", "llama2: complete, spelling 2"),
    ("relations", "sibling of a declared base, mit"),
    ("relations", "original held against what was made from it, cc-by"),
    ("relations", "gated base given as a folder by name, gemma"),
    ("relations", "base whose own words name a base of its own, mit"),
    ("honest", "a choice of two licences in one expression"),
    ("dishonest", "a recipe with a parent that the card hides"),
]


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))


def test_there_are_enough_cases_of_every_part():
    every = list(cases())
    counts = Counter(case.part for case in every)
    assert len(CASES) == len(every) >= 300
    assert counts["held-out"] >= 150
    assert counts["relations"] >= 60
    assert min(counts["honest"], counts["dishonest"]) >= 40


@pytest.mark.parametrize("key", QUICK, ids=lambda key: key[1])
def test_a_few_cases_are_judged_and_read_rightly(key):
    one = score(CASES[key])
    assert one.judged_rightly, (one.missing, one.wrong)
    assert one.read_rightly, (one.bases_missing, one.bases_wrong)


def test_a_wrong_expectation_scores_badly():
    case = replace(CASES[QUICK[2]], findings=frozenset({"LA999 note"}), bases=frozenset({"org/other"}), scratch=False)
    one = score(case)
    assert one.missing == ("LA999 note",)
    assert one.wrong == ("LA101 error", "LA104 error")
    assert one.bases_missing == ("org/other",)
    assert one.scratch_misread
    assert one.accuses_falsely


def test_of_the_held_out_half_only_the_score_is_told(capsys):
    main(["--part", "held-out", "--only", "spelled_otherwise/quoted", "--only", "spelled_otherwise/empty"])
    told = capsys.readouterr()
    assert told.out.startswith("held-out      2 repositories: ")
    assert told.err == ""
