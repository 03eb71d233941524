"""The HTTP door: CloudEvents in, outcomes and timelines out, every no a problem document."""
