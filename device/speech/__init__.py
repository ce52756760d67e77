"""Recognition: from the speech in a recording to a transcript that can be trusted."""
