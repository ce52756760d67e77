"""All of the trainer in one go: the steps from a folder of recordings to a verdict, kept as they are done."""
