"""From a design to the exact files of each host, and to what a machine is born with."""

from haicap.render.file import HostFiles
from haicap.render.linux import render_host, services_of
from haicap.render.machines import cloud_init
from haicap.render.platform import render_platform

__all__ = ["HostFiles", "cloud_init", "render_host", "render_platform", "services_of"]
