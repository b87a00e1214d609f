"""The virtual machines of a hypervisor, reached over SSH.

onhost    the program that runs on the hypervisor: it alone speaks to libvirt, and makes disks
call      sends it there, and reads what it answers
"""
