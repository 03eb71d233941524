"""intake: from opening a case to a signed consent and a plan."""
