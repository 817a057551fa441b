"""`make demo`: a busy half-hour in a few minutes, played on a service that `make run` started.

Everybody here is invented, and does what a person would: callers through the local carrier's phones, nurses and the
dispatcher through the JSON API, crews by text. Nothing reaches into the service.
"""
