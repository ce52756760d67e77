"""Programs that make what the project keeps as data. They are not part of the product."""
