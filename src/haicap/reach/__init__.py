"""How hosts are reached: SSH to many of them at once, by their recorded host keys and nothing of the user's own SSH.

context      the account, the key, the known hosts; pure
session      one authenticated connection, and its failures in plain words
fanout       a command on every host, bounded
jobs         a program of ours on a host, answered a line a job
pipe         what a command says on one host, into a command on another
forward      a port of a host's loopback, on this machine's
enrol        first contact: the host key, and the public halves of what the host makes itself
certificate  what is wrong with a host's certificate; pure
"""
