"""A project run in virtual time: the real engine against the emulator's model, in one process, without a network."""
