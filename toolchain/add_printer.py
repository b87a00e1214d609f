"""Write another printer of a unit into units.yml, as a person would: a line below its other devices.

.venv/bin/python toolchain/add_printer.py build/demo/inventories/lam-dong/units.yml 24958
"""

from __future__ import annotations

import re
import sys
from pathlib import Path


def main(path: Path, code: str) -> None:
    """Add it, with the next free number."""
    head, begin, rest = path.read_text(encoding="utf-8").partition(f'  - code: "{code}"\n')
    assert begin, f"no unit {code} in {path}"
    entry, end, others = rest.partition("\n\n")
    entry, end = entry.rstrip("\n"), end or "\n"
    number = 1 + max([0, *map(int, re.findall(r"name: printer-(\d+)", entry))])
    mac = f"02:{code[:2]}:{code[2:4]}:{code[4]}0:01:{number % 100:02}"
    line = f'      - {{name: printer-{number}, segment: staff, mac: "{mac}"}}'
    entry = f"{entry}\n{line}" if "\n    hosts:\n" in entry else f"{entry}\n    hosts:\n{line}"
    path.write_text(head + begin + entry + end + others, encoding="utf-8")
    print(f"{path}: {line.strip()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
