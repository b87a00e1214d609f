"""This package runs on the hypervisor, not here: Python's own library and python3-libvirt only.

names        files of the pool, and whose they are
marks        the ownership mark in a domain's metadata, and how far a machine has come
locks        one run at a time: on the hypervisor, on a machine, on an image
commands     qemu-img and the like, their failures in plain words
definition   a machine as libvirt's XML (libvirt.org/formatdomain.html)
facts        what such XML says, as plain values
images       fetched once, held against their sum
disks        roots, data disks, seeds
guests       libvirt's domains: found, told apart, started, stopped, waited for
change       what has to happen to a machine; pure
before       a machine as it was before a change, kept until it answers again
live         what is done while it runs
write        a machine brought to what is wanted
read         a machine as it is
delete       a machine taken away
move         a machine that goes to another hypervisor, or comes from one
leftover     what belongs to no machine
main         jobs in, one answer a line out
"""
