"""Changing frozen values."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from engine.orchestrate.replacing import changed
from engine.orchestrate.task import TaskState, Work


def test_a_changed_copy_is_what_replace_makes() -> None:
    task = TaskState("a", reason="old", work=Work(retries={"review": 1}))

    assert changed(task, reason="new", rounds=2) == replace(task, reason="new", rounds=2)
    assert changed(task) == task and changed(task) is not task
    assert task.reason == "old"


def test_a_changed_copy_is_frozen_too() -> None:
    with pytest.raises(FrozenInstanceError):
        changed(TaskState("a"), rounds=1).rounds = 2  # type: ignore[misc]


def test_a_name_that_is_no_field_is_told() -> None:
    with pytest.raises(TypeError, match="TaskState has no field 'colour'"):
        changed(TaskState("a"), colour="red")
