"""From a claim to a directory on this machine."""
