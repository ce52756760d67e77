"""One page that shows what training did."""
