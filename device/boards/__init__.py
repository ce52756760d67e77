"""The boards that Saykey runs on: what is known of each, and how a button and lights are wired to it.

A board is a file (`*.toml`, read by `board`), and so is each kind of pin header (`headers/*.toml`, read by
`header`). `wiring` says what goes to which pin; `wiring_text` and `wiring_svg` draw it. The card image and
the device read the same files.
"""
