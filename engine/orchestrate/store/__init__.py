"""What is kept: the event log, the Intents' files, the records."""
