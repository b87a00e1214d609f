"""What was done, by whom, when, and why: an append-only log in which each line holds the digest of the one before.

event     a line of the log; pure
clock     which clock says when, and whether it was set; reads this machine's
personal  what of a line is somebody's own: kept beside it, so that it can be taken out; pure
disk      bytes that are there after a power cut, and room that is kept
log       the folder: append, rotate, mend, redact
verify    what was changed, removed, moved or added; pure
head      the log's last line, signed, kept apart: by it a cut-off end is found
reading   facts from events; pure
"""

from haicap.audit.event import Event
from haicap.audit.log import Log

__all__ = ["Event", "Log"]
