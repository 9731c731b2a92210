"""The options that a shard hands to its engine, checked and typed."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ocr_tasks.contract import EngineSpec
from ocr_tasks.errors import BadShardError
from ocr_tasks.validation import one_line

OptionsT = TypeVar("OptionsT", bound="EngineOptions")


class EngineOptions(BaseModel):
    """Base of an engine's options; an unknown one is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def of(cls: type[OptionsT], spec: EngineSpec) -> OptionsT:
        """Return the typed options of a spec.

        Raises:
            BadShardError: An option is unknown or has a wrong value.
        """
        try:
            return cls.model_validate(spec.options)
        except ValidationError as error:
            raise BadShardError(f"wrong option for engine {spec.name!r}: {one_line(error)}") from None
