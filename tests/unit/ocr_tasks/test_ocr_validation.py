"""Given data of a wrong form, one line says where and what in plain words, and shows none of the data."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ocr_tasks.validation import one_line

pytestmark = pytest.mark.unit


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=3)]
    count: Annotated[int, Field(gt=0)] = 1
    ratio: Annotated[float, Field(ge=0)] = 1.0
    is_good: bool = True
    even: int = 2

    @field_validator("even")
    @classmethod
    def _is_even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("give an even number")
        return value


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({}, "name: is missing"),
        ({"name": "a", "nmae": "a"}, "nmae: is unknown"),
        ({"name": "a", "even": 3}, "even: give an even number"),
        ({"name": 5}, "name: must be a valid string"),
        ({"name": "a", "count": "5ecret"}, "count: must be a valid integer"),
        ({"name": "a", "ratio": "5ecret"}, "ratio: must be a valid number"),
        ({"name": "a", "is_good": "5ecret"}, "is_good: must be true or false"),
        ({"name": "a", "count": 0}, "count: must be greater than 0"),
        ({"name": "5ecret"}, "name: must have at most 3 characters"),
        (
            {"name": 1, "count": 0, "ratio": -1, "even": 1},
            "name: must be a valid string; count: must be greater than 0; "
            "ratio: must be greater than or equal to 0; and 1 more",
        ),
    ],
)
def test_what_is_wrong_is_told_in_plain_words(data: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Form.model_validate(data)
    assert one_line(raised.value) == told


def test_what_is_not_whole_is_told_by_what_is_wrong_with_the_rest() -> None:
    with pytest.raises(ValidationError) as raised:
        Form.model_validate({"count": 0})
    assert one_line(raised.value, but_missing=True) == "count: must be greater than 0"
    with pytest.raises(ValidationError) as raised:
        Form.model_validate({})
    assert one_line(raised.value, but_missing=True) == ""
