"""This package runs on the hypervisor, not here: Python's own library and python3-libvirt only.

names        files of the pool, and whose they are
marks        the ownership mark in a domain's metadata
definition   a machine as libvirt's XML (libvirt.org/formatdomain.html)
facts        what such XML says, as plain values
locks        one run at a time
commands     qemu-img and the like, their failures in plain words
images       fetched once, held against their sum
disks        roots, data disks, seeds
guests       libvirt's domains: found, stopped, waited for
"""
