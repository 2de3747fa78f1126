"""What all parts of a rubric are made of."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from grader.rubric.language import Language

Text = dict[Language, str]
"""The same text in each language."""

Points = Annotated[float, Field(gt=0)]
Width = Annotated[int, Field(gt=0)]


class Strict(BaseModel):
    """Base of all rubric parts: unknown keys are errors, values cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Disclosure(Enum):
    """What students may be told, before they hand in."""

    PUBLIC = "always"
    STATED = "where the question's prompt says it: it is an expected value"
    ANSWER = "never: it is, or gives away, the answer"
    REMARK = "never; it is for readers of the graded work, and nothing is judged by it"


class Disclosed(Strict):
    """A part of which each key says what students may be told: ``Annotated[..., Disclosure.PUBLIC]``."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Raises TypeError for a key that does not say it."""
        for name, field in cls.model_fields.items():
            if not any(isinstance(item, Disclosure) for item in field.metadata):
                raise TypeError(f"{cls.__name__}.{name} must be annotated with a Disclosure. Received: nothing")

    @classmethod
    def disclosure(cls, key: str) -> Disclosure:
        """What students may be told of a key."""
        return next(item for item in reversed(cls.model_fields[key].metadata) if isinstance(item, Disclosure))
