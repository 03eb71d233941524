"""The protocol for people: shown, checked, drawn, written out, signed."""
