"""The digital twin: every gateway, hub and name server as a real Debian host, on this machine.

A host is a systemd-nspawn container with its own network namespace, over a read-only base image. The namespace
`backbone` plays the operator's network: one dedicated line to each host. The namespace `controller` is where Ansible,
ssh and the probes work from. Nothing here prints; long work reports by an optional `progress(line)`.
"""

from haicap.lab.guest import GuestImage, build_guests, guest_image
from haicap.lab.image import build_image
from haicap.lab.lab import Lab
from haicap.lab.machine import missing
from haicap.lab.spec import HostStatus, LabHost, LabSpec

__all__ = [
    "GuestImage",
    "HostStatus",
    "Lab",
    "LabHost",
    "LabSpec",
    "build_guests",
    "build_image",
    "guest_image",
    "missing",
]
