"""From a design to the exact files of each host, and of a machine before it is one."""

from haicap.render.file import HostFiles
from haicap.render.linux import render_host, services_of
from haicap.render.machines import cloud_init, render_platform

__all__ = ["HostFiles", "cloud_init", "render_host", "render_platform", "services_of"]
