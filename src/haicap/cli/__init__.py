"""The command `haicap`: arguments, exit codes, printing. Nothing else prints.

main     the group: a module a verb, imported when it is called; errors to messages and exit codes
ask      which province, units, hosts and target a command line means
options  what several verbs take
screen   consoles, tables, JSON
"""

from haicap.cli.main import main

__all__ = ["main"]
