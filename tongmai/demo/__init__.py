"""``make demo``: the whole chain on this machine, with simulators instead of vendors."""
