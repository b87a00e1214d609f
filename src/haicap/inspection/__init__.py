"""The proof that a unit works: real probes, from where its users are.

model     probes and the inspection; its JUnit form
inspected an inspection as it is written: of what, when, by whom, after which plan
certificate, verification   what ties plan, approvals, apply and inspection together; and its checks, for a stranger
check     a check: commands, and a reading of their outputs; both pure
lan, walls, resolve, vpn, dns, mail, services   the checks of each promise
wire      DNS messages; pure
choose    which checks a design calls for; pure
network, post, onhost   what runs on a host, and sends the outputs back
script    the program that a host is sent, and what it says
run       all hosts at once
"""
