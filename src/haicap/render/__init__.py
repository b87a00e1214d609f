"""From a design to the exact files of each host."""

from haicap.render.linux import HostFiles, render_host, services_of

__all__ = ["HostFiles", "render_host", "services_of"]
