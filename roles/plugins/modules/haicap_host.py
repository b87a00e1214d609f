#!/usr/bin/python
"""Ansible's entrance to `haicap_host`: arguments in, one JSON answer out."""

from __future__ import annotations

DOCUMENTATION = r"""
module: haicap_host
short_description: Bring a host's rendered files into place, all of them or none
description:
  - Stages the files that differ, lets each one's own program validate it, swaps all of them together, reloads or
    restarts only the services whose files changed, and waits until they stay active. If one does not, the old files
    come back and the module fails with that service's last words.
  - Touches nothing that it did not write, except a Debian package's own untouched files, whose originals it keeps.
options:
  files: {type: dict, default: {}, description: "Absolute path -> whole text."}
  services: {type: dict, default: {}, description: "systemd unit -> active (enabled and started)."}
  packages: {type: list, elements: str, default: [], description: "Debian packages; apt runs only if one is missing."}
  rules: {type: list, elements: dict, default: [], description: "The role's table, see roles/README.md."}
  initial: {type: list, elements: dict, default: [], description: "What the host makes itself, once: creates, command."}
  absent: {type: bool, default: false, description: "Take away everything that is ours."}
  observe: {type: bool, default: false, description: "Change nothing; answer with what is there."}
  state_dir: {type: path, default: /var/lib/haicap, description: "Manifest, originals, journal."}
author: haicap
"""
EXAMPLES = r"""
- haicap_host:
    files: {/etc/radvd.conf: "interface lan0 { AdvSendAdvert on; };\n"}
    services: {radvd: active}
    packages: [radvd]
    rules:
      - {path: /etc/radvd.conf, validate: radvd -c -C %s, on_change: {service: radvd}}
"""
RETURN = r"""
actions: {type: list, returned: always, description: "path, action (created, updated, removed, unchanged), drifted."}
services: {type: dict, returned: always, description: "unit -> started, reloaded, restarted, enabled or stopped."}
packages: {type: list, returned: always, description: "Packages installed."}
initialised: {type: list, returned: always, description: "What the host made itself."}
recovered: {type: bool, returned: always, description: "Whether an interrupted run was put back first."}
found: {type: dict, returned: observe, description: "files (path -> text or null) and services (unit -> state)."}
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402 - Ansible reads the documentation first
from ansible.module_utils.haicap_host import converge  # noqa: E402
from ansible.module_utils.haicap_host.command import Host, HostError  # noqa: E402
from ansible.module_utils.haicap_host.rules import parse_rules  # noqa: E402
from ansible.module_utils.haicap_host.text import redact  # noqa: E402

ARGUMENTS = {
    "files": {"type": "dict", "default": {}},
    "services": {"type": "dict", "default": {}},
    "packages": {"type": "list", "elements": "str", "default": []},
    "rules": {"type": "list", "elements": "dict", "default": []},
    "initial": {"type": "list", "elements": "dict", "default": []},
    "absent": {"type": "bool", "default": False},
    "observe": {"type": "bool", "default": False},
    "state_dir": {"type": "path", "default": "/var/lib/haicap"},
}


def main() -> None:
    """Run once and answer."""
    module = AnsibleModule(ARGUMENTS, supports_check_mode=True)
    host = Host(state_dir=module.params["state_dir"])
    try:
        if module.params["observe"]:
            found = converge.observe(host, list(module.params["files"]), list(module.params["services"]))
            module.exit_json(changed=False, found=found)
        outcome = _work(module, host)
    except HostError as error:
        module.fail_json(msg=redact(str(error)))
    except OSError as error:
        module.fail_json(msg=redact(f"{error.strerror or error}: {error.filename or 'this host'}"))
    module.exit_json(**_answer(outcome), **(_diff(outcome) if module._diff else {}))


def _work(module: AnsibleModule, host: Host) -> converge.Outcome:
    given = module.params
    rules = parse_rules(given["rules"])
    odd = [f"{unit}: {state}" for unit, state in given["services"].items() if state != "active"]
    if odd:
        raise HostError(f'services are "active" or not named at all, not {", ".join(odd)}')
    wanted = converge.Wanted(rules=rules)
    if not given["absent"]:
        wanted = converge.Wanted(given["files"], list(given["services"]), given["packages"], given["initial"], rules)
    if module.check_mode:
        return converge.check(host, wanted)
    return converge.absent(host, rules) if given["absent"] else converge.apply(host, wanted)


def _answer(outcome: converge.Outcome) -> dict:
    return {
        "changed": outcome.changed,
        "actions": outcome.actions,
        "services": outcome.services,
        "packages": list(outcome.packages),
        "initialised": list(outcome.initialised),
        "recovered": outcome.recovered,
    }


def _diff(outcome: converge.Outcome) -> dict:
    moved = [change for change in outcome.changes if change.action != "unchanged"]
    return {
        "diff": [
            {
                "before_header": change.path,
                "after_header": change.path,
                "before": redact((change.old or b"").decode(errors="replace")),
                "after": redact((change.new or b"").decode(errors="replace")),
            }
            for change in moved
        ]
    }


if __name__ == "__main__":
    main()
