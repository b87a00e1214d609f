"""Signatures by SSH keys: what people who run servers already have, also in an agent or on a hardware key.

ssh       sign, check, and say whose a signature is
signers   who may sign, from a file of allowed signers, as ssh-keygen finds it
allowed   the lines of such a file, for signatures that ssh-keygen does not know
envelope  a document with a raw signature (DSSE), for any tool to check
"""
