"""The program that is sent: it stands without libvirt, and says what is missing."""

from __future__ import annotations

import json
import subprocess
import sys

from haicap.machines.call import _MODULES, _PACKAGE
from haicap.reach.remote import program


def test_it_loads_from_text_and_says_why_it_can_not_work() -> None:
    text = program(_PACKAGE, _MODULES, {"jobs": [{"key": "a", "op": "read", "wanted": {}}]})
    blocked = "import sys; sys.modules['libvirt'] = None\n" + text
    ran = subprocess.run([sys.executable, "-I", "-"], input=blocked, capture_output=True, text=True, check=True)
    said = json.loads(ran.stdout)
    assert said["key"] == "" and "libvirt" in said["error"]
