"""Sentences that carry the owner's words, spoken by machines."""
