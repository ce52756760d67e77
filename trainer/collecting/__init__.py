"""From the device to training data: what it has kept of corrections is fetched, opened, and written down.

`ways` are the drive, SSH and the card; `opened` is what the owner's key opens, and `folder` where it goes.
"""
