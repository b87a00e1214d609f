"""haicap: the IT of every newly merged province, commune, ward and special zone, from one declarative inventory."""

__version__ = "0.1.0"
