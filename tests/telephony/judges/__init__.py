"""Outside judges: what a carrier would say of our documents and requests.

They know Twilio's published grammar and API and nothing of how this service is built. They import nothing of
ours, so that a mistake of ours cannot also be a mistake of theirs.
"""
