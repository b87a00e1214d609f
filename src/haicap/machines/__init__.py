"""The virtual machines of hypervisors, reached over SSH.

onhost    the program that runs on a hypervisor: it alone speaks to libvirt, and makes disks
call      sends it there, and reads what it answers
move      a machine from one hypervisor to another
"""
