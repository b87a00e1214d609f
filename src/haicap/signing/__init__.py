"""Signatures by SSH keys: what people who run servers already have, also in an agent or on a hardware key.

ssh      sign, check, and say whose a signature is
signers  who may sign, from a file of allowed signers
"""
