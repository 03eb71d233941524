"""The dead-man watcher: looks from PostgreSQL alone whether a release was forgotten.

It imports nothing else of this project, so that a fault in what it watches cannot blind it.
"""
