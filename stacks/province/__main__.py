"""A province, as a Pulumi program: `pulumi preview` here shows what `haicap plan` shows."""

from haicap.stack.program import run_stack

run_stack()
