"""Journeys: what people live through, told to one running deployment by all its doors."""
