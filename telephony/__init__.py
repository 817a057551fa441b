"""The one package that knows the carrier: webhooks, signatures, markup, calls and texts we place, numbers."""
