"""Parts for a desk without hardware. They ship, and the tests use them."""
