"""How a card image is made: `build` is the command. Nothing here runs on the device."""
