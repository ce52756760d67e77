"""Recording the owner's speech, prompt by prompt, and cutting long recordings with their text."""
