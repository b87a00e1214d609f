"""How much is read before the answer is a finding: far above every real province, far below what would hang."""

from __future__ import annotations

MAX_BYTES = 8_000_000  # a file; Ho Chi Minh City's units take 0.12 MB
MAX_ENTRIES = 5_000  # a list; the country has 3,321 units
MAX_KEYS = 200  # a mapping
MAX_DEPTH = 12  # lists and mappings in each other; the schema needs 7
MAX_TRAPS = 1_000  # YAML findings in a file
MAX_FINDINGS = 5_000  # schema findings in a file, findings of a rule
