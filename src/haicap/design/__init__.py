"""The whole desired state, pure: inventory + locks + date -> frozen values, nothing unknown."""

from haicap.design.province import (
    HostDesign,
    ProvinceDesign,
    UnitDesign,
    Waiting,
    design_province,
)

__all__ = ["HostDesign", "ProvinceDesign", "UnitDesign", "Waiting", "design_province"]
