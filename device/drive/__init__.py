"""The device as a small USB drive: what lies on it, what is dropped there, and what comes of that.

A `Place` holds files (`place`): the drive's FAT image (`image`) or a folder (`folder`). `take` takes what was
dropped on one: the owner's key, settings, a model. `kept` is what the device keeps of that, `words` what it
says of it, and `session` shows the drive until nothing new is dropped.
"""
