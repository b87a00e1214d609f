"""A province's mail server as it is reached. Apart from `workspace`: what speaks SSH is slow to import."""

from __future__ import annotations

from haicap.design import ProvinceDesign
from haicap.directory.call import MailHost
from haicap.errors import HaicapError
from haicap.stack.workspace import Workspace


def mail_host(workspace: Workspace, design: ProvinceDesign) -> MailHost:
    """Where the workspace reaches it. HaicapError while it does not stand."""
    server, directory = design.mail_server, design.directory
    if server is None or directory is None:
        raise HaicapError(f"The mail server does not stand yet: `haicap plan {workspace.slug}` says why.")
    return MailHost(server.name, workspace.addresses()[server.name], directory.suffix)
