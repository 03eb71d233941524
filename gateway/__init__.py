"""The doors: HTTP, pages, files and Kafka facts become commands; outcomes go back."""
