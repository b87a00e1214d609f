"""The mark that says whose a domain is, in its metadata; and how far its machine has come."""

from __future__ import annotations

import hashlib
import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

NAMESPACE = "https://haicap.example/machine/1"
PREFIX = "haicap"
BIRTH = ("meta-data", "network-config")  # as plans say it, in `haicap.plan.machine`
_TAG = f"{{{NAMESPACE}}}machine"
ET.register_namespace(PREFIX, NAMESPACE)


@dataclass(frozen=True)
class Mark:
    """What a mark says.

    `birth` is the digest of what the root disk was made from, `seed` of what cloud-init reads; `definition` that of the
    definition as libvirt told it when it was made, "" until then; `answered` is "yes" once the machine answered SSH
    since; `moving` names the hypervisor that it goes to ("to hv2") or comes from ("from hv1").
    """

    province: str
    name: str
    platform: str
    birth: str
    seed: str = ""
    definition: str = ""
    answered: str = ""
    moving: str = ""

    def element(self) -> ET.Element:
        """The element of a definition's metadata."""
        return ET.Element(_TAG, self._attributes())

    def text(self) -> str:
        """The same as libvirt takes it by itself: it adds the namespace."""
        return ET.tostring(ET.Element("machine", self._attributes()), "unicode")

    def _attributes(self) -> dict[str, str]:
        values = {field.name: str(getattr(self, field.name)) for field in fields(self)}
        return {key: value for key, value in values.items() if value}


def read_mark(definition: str) -> Mark | None:
    """The mark in a domain's XML; None for a domain that is not ours."""
    element = ET.fromstring(definition).find(f"metadata/{_TAG}")
    if element is None:
        return None
    return Mark(**{field.name: element.get(field.name, "") for field in fields(Mark)})


def birth_of(wanted: Mapping[str, Any]) -> str:
    """The digest of what a root disk is made from: the image's content, and who the machine is and in which network.

    Neither where the image is fetched from, nor the keys and settings that are in cloud-init's user-data.
    """
    return _digest([wanted["image"]["sha256"], *(wanted["cloud_init"].get(name) for name in BIRTH)])


def seed_of(wanted: Mapping[str, Any]) -> str:
    """The digest of what cloud-init reads."""
    return _digest(wanted["cloud_init"])


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def seal_of(definition: str) -> str:
    """The digest of a domain's XML without its metadata."""
    root = ET.fromstring(definition)
    for metadata in root.findall("metadata"):
        root.remove(metadata)
    return hashlib.sha256(ET.canonicalize(ET.tostring(root, "unicode"), strip_text=True).encode()).hexdigest()
