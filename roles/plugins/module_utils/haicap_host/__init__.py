"""How a host's rendered files arrive: compared, staged, validated, swapped together, and put back if a service fails.

Runs on the host, on Python 3.9 or later with its standard library alone.

    rules      the role's table: which file belongs to whom, what checks it, what follows a change
    disk       reading and durable writing; the state folder: manifest, originals, journal
    packages   what is missing, and which files are a package's own
    compare    files wanted, on disk and in the manifest -> changes; refuses what is not ours
    services   systemd units: states, steps, waiting
    swap       one transaction: stage, validate, journal, rename, step, wait; or everything back
    converge   the whole of one run: apply, absent, check, observe
    text       redaction
"""
