"""The staff pages and the JSON API: thin over the services beside them. Flask, and no carrier's words."""
