"""What is decided: pure functions from a state and a message to events or a refusal."""
