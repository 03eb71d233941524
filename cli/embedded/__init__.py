"""A real Apache Kafka and a real PostgreSQL from wheels and jars, with nothing but Python around.

    kafka, postgres = Kafka(home), Postgres(home)
    kafka.start(); postgres.start()
    kafka.bootstrap_servers, postgres.url("throughcare")

Everything blocks; from a running loop use `asyncio.to_thread`. Both live in processes of their own
that outlast the caller: whoever starts them stops them.
"""
