"""Storages that jobs of the emulator really read and write."""
