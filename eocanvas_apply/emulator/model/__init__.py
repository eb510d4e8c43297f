"""The model of an EOCanvas and the HDA: pure, moved by a clock that is given to it."""
