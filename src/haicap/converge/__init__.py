"""How hosts are converged: one Ansible run over all that are due, each host answered for itself.

model      jobs and results; pure
inventory  Ansible's dynamic inventory; pure
batch      gathers calls from many threads into one run, answers each as its result comes
workspace  the private folder of one run: inventory, known hosts, playbook, environment
run        starts Ansible, follows its events, ends it
outcome    what Ansible said about a host -> HostResult, in words for a person; pure
"""

from haicap.converge.batch import Batcher
from haicap.converge.inventory import InventoryHost, ansible_inventory
from haicap.converge.model import HostJob, HostResult, Mode
from haicap.converge.run import run_hosts

__all__ = [
    "Batcher",
    "HostJob",
    "HostResult",
    "InventoryHost",
    "Mode",
    "ansible_inventory",
    "run_hosts",
]
