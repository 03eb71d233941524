"""The same work done in other ways: small programs as somebody would write them who knows the library.

Each is a process of its own and takes the half's name and its group: decode, read the states,
decide, write, publish with acks=all and idempotence, remember how far was published. Decisions,
models, encoding and rows are the same as ours; what differs is how messages come and go.
"""
