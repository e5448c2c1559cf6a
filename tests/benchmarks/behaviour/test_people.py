"""Who is who in the benchmark: what the issue asks for is there, and no control has anything to do with its pair."""

from __future__ import annotations

import pytest

from benchmarks.behaviour.models import MODELS, SHAPES, trained
from benchmarks.behaviour.people import UNRELATED, controls_for, couples, people
from benchmarks.zoo.catalogue import HALVES, Half, catalogue


def test_four_teachers_have_three_students_each_of_an_architecture_of_their_own() -> None:
    students = [model for model in MODELS if (model.lesson, len(model.teachers), model.length) == ("answers", 1, 1)]
    of_bases = [model for model in students if model.teachers[0] in catalogue(model.half)]
    teachers = {(model.half, model.teachers[0]) for model in of_bases}
    assert len(teachers) == 4
    assert len(of_bases) == 12
    for model in of_bases:
        teacher = catalogue(model.half)[model.teachers[0]].base
        assert SHAPES[model.shape]["model_type"] != teacher.config["model_type"]


@pytest.mark.parametrize("half", HALVES)
def test_whoever_is_needed_stands_before(half: Half) -> None:
    known = set(catalogue(half))
    for model in MODELS:
        if model.half == half:
            assert {*model.teachers, *([model.start] if model.start else [])} <= known
            known.add(model.name)


@pytest.mark.parametrize("half", HALVES)
def test_names_and_folders_are_told_apart(half: Half) -> None:
    everyone = people(half)
    assert set(trained(half)) <= set(everyone)
    assert not set(trained(half)) & set(catalogue(half))
    assert len({person.folder for person in everyone.values()}) == len(everyone)


@pytest.mark.parametrize("half", HALVES)
def test_every_group_of_the_table_is_there(half: Half) -> None:
    groups = {couple.group for couple in couples(half)}
    assert {
        "student by answers",
        "student by text",
        "student of two teachers",
        "student of a student",
        "fine-tune",
        "merge",
        "trained on as long",
        "trained on twice as long",
        *UNRELATED,
    } <= groups


@pytest.mark.parametrize("half", HALVES)
def test_a_control_is_a_stranger_to_both(half: Half) -> None:
    everyone = people(half)
    for couple in couples(half):
        named = {couple.a.name, couple.b.name, *couple.a.teachers, *couple.b.teachers}
        controls = controls_for(couple)
        assert len(controls) >= 10
        for control in controls:
            assert control.name not in named
            assert not control.teachers
            assert control.root not in {couple.a.root, couple.b.root}
            assert control.root not in {everyone[name].root for name in named}
