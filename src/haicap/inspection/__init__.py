"""The proof that a unit works: real probes, from where its users are.

model     probes and the inspection; its JSON and JUnit forms
check     a check: commands, and a reading of their outputs; both pure
lan, walls, resolve, vpn, dns, mail, services   the checks of each promise
wire      DNS messages; pure
choose    which checks a design calls for; pure
network, post, onhost   what runs on a host, and sends the outputs back
script    the program that a host is sent, and what it says
run       all hosts at once
"""

from haicap.inspection.model import Inspection, Probe
from haicap.inspection.run import inspect

__all__ = ["Inspection", "Probe", "inspect"]
