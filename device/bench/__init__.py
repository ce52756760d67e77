"""How fast this board is, and what the kernel says of it."""
