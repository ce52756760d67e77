"""The way to the device: the owner's key, the signed bundle, and how it gets there."""
