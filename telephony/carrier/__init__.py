"""The local carrier: a separate process that stands for Twilio on one machine and knows only HTTP.

It imports nothing of the service's own. Everything it holds (calls, queues, rooms, texts) is in memory, as a
carrier's state is to its customers; with a state folder, texts and opt-outs outlive a restart. Calls do not.
"""
