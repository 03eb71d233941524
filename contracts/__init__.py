"""What is said: the envelope, facts, commands, events and topics that parties and services share."""
