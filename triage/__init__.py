"""The service: contacts, the queue, outcomes, incidents, dispatch. No web framework and no carrier's words in here."""
