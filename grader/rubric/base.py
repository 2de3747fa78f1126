"""What all parts of a rubric are made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from grader.rubric.language import Language

Text = dict[Language, str]
"""The same text in each language."""

Points = Annotated[float, Field(gt=0)]
Width = Annotated[int, Field(gt=0)]


class Strict(BaseModel):
    """Base of all rubric parts: unknown keys are errors, values cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
