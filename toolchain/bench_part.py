"""What `bench.py` measures and no command does alone: `render` or `lock` or `mail`, and a folder with inventories."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

from haicap.addressing.lockfile import write_mail
from haicap.addressing.mail import plan_mail
from haicap.addressing.model import Locks
from haicap.addressing.planner import plan_locks
from haicap.design import design_province
from haicap.inventory.loader import load
from haicap.inventory.staff_loader import load_staff
from haicap.render import render_host
from haicap.stack.workspace import Workspace

DAY = date(2025, 7, 1)


def main(what: str, directory: Path) -> None:
    """Render every host of each province; or lock its addresses and names, and with `mail` its people's addresses."""
    for path in sorted((directory / "inventories").iterdir()):
        if what == "render":
            fresh = Workspace.open(directory, path.name)
            for host in design_province(fresh.inventory, fresh.locks, DAY).hosts:
                render_host(host)
            continue
        inventory = load(directory, path.name)
        names = plan_locks(inventory, Locks(), DAY).locks.names
        if what == "mail":
            staff = load_staff(directory, path.name, inventory)
            write_mail(path, plan_mail(inventory, staff.units.values(), names, {}, DAY).mailboxes)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
