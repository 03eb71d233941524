"""The doors: how parties come in, over HTTP or Kafka, and how they learn what became of it."""
