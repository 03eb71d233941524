"""What operators run: start, stop, look, and the embedded Kafka and PostgreSQL."""
