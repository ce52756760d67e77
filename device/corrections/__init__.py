"""Corrections that teach: what was taken back and spoken again, kept for the owner's trainer alone.

`watch` says which dictations were taken back and which one stayed, `same` whether they are likely the same
sentence, `content` what is kept of that, and `sealed` how nobody but the owner can read it. `store` is the
folder on the disk, `keeper` the thread that writes there, `hand_over` how the trainer gets it through a pipe,
and `words` what is said of it.
"""
