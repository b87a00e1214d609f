"""An inventory of its own with a lab, worked on by the command line as a person would."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from haicap import assets
from haicap.stack.pulumi import find_pulumi

HAICAP = Path(sys.executable).parent / "haicap"
SAMPLE = Path(__file__).parents[2] / "inventories" / "lam-dong"


class Province:
    """The sample province in a folder, with the staff of some units, and some platforms."""

    def __init__(self, directory: Path, staff: Sequence[str] = (), platforms: Sequence[str] = ()) -> None:
        self.directory = directory
        self.folder = directory / "inventories" / "lam-dong"
        (self.folder / "staff").mkdir(parents=True)
        for name in ("province.yml", "units.yml", *(f"staff/{code}.yml" for code in staff)):
            shutil.copy(SAMPLE / name, self.folder / name)
        if platforms:
            head, *entries = (SAMPLE / "platforms.yml").read_text("utf-8").split("\n  - name: ")
            chosen = [entry for entry in entries if entry.partition("\n")[0] in platforms]
            (self.folder / "platforms.yml").write_text("\n  - name: ".join([head, *chosen]), "utf-8")

    def run(self, *arguments: str, code: int = 0, timeout: float = 300) -> str:
        """Run a verb; its standard output, and what it says beside where it fails. The exit code must be `code`."""
        done = subprocess.run(
            [HAICAP, "-C", self.directory, *arguments], capture_output=True, text=True, timeout=timeout, check=False
        )
        assert done.returncode == code, (
            f"{arguments}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        )
        return done.stdout + (done.stderr if code in {1, 3} else "")

    def drift(self, code: int) -> dict[str, list[dict[str, object]]]:
        """What was changed by hand, and what could not be looked at."""
        told = self.run("drift", "lam-dong", "--json", code=code)
        document, _ = json.JSONDecoder().raw_decode(told)
        return dict(document)

    def plan(self, code: int = 0) -> dict[str, dict[str, object]]:
        """The pending changes by resource."""
        document = json.loads(self.run("plan", "lam-dong", "--json", code=code))
        return {change["resource"]: change for change in document["changes"]}

    def on_host(self, host: str, command: str, code: int = 0) -> str:
        """Do something by hand on a host; what it says."""
        return self.run("lab", "exec", host, "--", "sh", "-c", command, code=code)

    def apply_that_is_at_work(self, bfd_multiplier: int) -> subprocess.Popen[str]:
        """An apply of work.json that changes every host, begun, and gone so far that Ansible is on the hosts."""
        path = self.folder / "province.yml"
        text = re.sub(r"bfd_multiplier: \d+", f"bfd_multiplier: {bfd_multiplier}", path.read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8")
        assert "gw-24829" in self.plan(code=2)
        file = str(self.directory / "work.json")
        self.run("plan", "lam-dong", "-o", file, code=2)
        temporary = self.directory.parent / f"tmp-{bfd_multiplier}"
        temporary.mkdir()
        command = [HAICAP, "-C", self.directory, "apply", file]
        environment = {**os.environ, "TMPDIR": str(temporary)}
        apply = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        deadline = time.monotonic() + 120
        while not list(temporary.glob("haicap-run-*/artifacts")):
            assert apply.poll() is None and time.monotonic() < deadline, "the apply never came to the hosts"
            time.sleep(0.1)
        return apply

    def edit(self, old: str, new: str, file: str = "units.yml") -> None:
        """Edit a file, as a person does."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")


@contextmanager
def lab_of(
    directory: Path, units: Sequence[str], staff: Sequence[str] = (), platforms: Sequence[str] = ()
) -> Iterator[Province]:
    """A province whose lab is up and enrolled while the block runs; of platforms, the hypervisors."""
    selection = [argument for code in units for argument in ("--unit", code)]
    selection += [argument for name in platforms for argument in ("--platform", name)]
    province = Province(directory, staff, platforms)
    if not staff:
        province.edit('  server: {name: mail1, site: "data centre 1"}\n', "", "province.yml")
    province.run("lock", "lam-dong")
    province.run("lab", "up", "lam-dong", *selection)
    try:
        province.run("enrol", "lam-dong", *selection)
        yield province
    finally:
        province.run("lab", "down", "lam-dong")


def preview(province: Province) -> dict[str, str]:
    """What the engine itself would do, resource by resource."""
    pulumi = find_pulumi()
    environment = {
        **os.environ,
        "PATH": os.pathsep.join((str(HAICAP.parent), str(pulumi.parent), os.environ["PATH"])),
        "PULUMI_BACKEND_URL": f"file://{province.folder / '.lab' / '.state'}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "HAICAP_DIRECTORY": str(province.directory),
    }
    settings = province.directory / "stack.yaml"  # what the engine writes beside a program, else
    place = ["--cwd", assets.path("stacks") / "province", "--config-file", settings]
    command = [pulumi, "preview", "--json", "--stack", "lam-dong.lab", *place]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    steps = json.loads(done.stdout)["steps"]
    return {
        step["urn"].rpartition("::")[2]: step["op"]
        for step in steps
        if "haicap:index" in step["urn"] and step["op"] != "same"
    }
