"""What all schema models share: words with their patterns, the base class, dates of stages."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Label = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
Domain = Annotated[str, StringConstraints(pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$")]
UnitCode = Annotated[str, StringConstraints(pattern=r"^\d{5}$")]


class Model(BaseModel):
    """The base of all: immutable, and no unknown key."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Dates(Model):
    """When a system enters each stage. A stage without a date is not entered."""

    prepare: date | None = None
    trial: date | None = None
    live: date | None = None
    frozen: date | None = None
    retired: date | None = None
