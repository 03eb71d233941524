"""`throughcare simulate`: a made-up cohort through the protocol alone, to ask what would be if."""
