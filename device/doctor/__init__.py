"""What may be wrong with a device: one check a concern, each with what to do about what it finds."""
