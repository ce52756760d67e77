"""Makes the tables of `device.keyboard.tables` from what the operating systems' makers publish."""
