"""Client options for each service: encrypted and verified where its URL says so."""

import os
import ssl
from urllib.parse import parse_qs

import psycopg
import redis

from bindings import connection, require

POSTGRES = ("postgresql", "postgres")
VALKEY = ("valkey", "redis")
RABBITMQ = ("rabbitmq", "amqp")


def broker_settings(env=os.environ):
    """Celery's settings for its broker.

    A plain amqps:// URL checks the chain of the server's certificate but not
    its name; naming server_hostname without a value makes kombu fill in the
    host of the URL and check that too.
    """
    broker = connection("CELERY_BROKER_URL", RABBITMQ, env)
    if broker is None:
        broker = require("AMQP_URL", RABBITMQ, env)
    if broker.scheme != "amqps":
        return {"broker_url": broker.url}
    options = {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": None}
    if broker.ca_file:
        options["ca_certs"] = broker.ca_file
    return {"broker_url": broker.url, "broker_use_ssl": options}


def postgres_url(env=os.environ):
    """The database URL. libpq reads sslmode and sslrootcert from it."""
    database = require("DATABASE_URL", POSTGRES, env)
    query = parse_qs(database.query)
    encrypted = query.get("sslmode", ["prefer"])[0] in ("require", "verify-ca", "verify-full")
    if not encrypted or "sslrootcert" in query or not database.ca_file:
        return database.url
    return f"{database.url}&sslrootcert={database.ca_file}"


def open_database():
    return psycopg.connect(postgres_url(), connect_timeout=5)


def cache_options(cache):
    options = {"socket_timeout": 5, "socket_connect_timeout": 5}
    if cache.scheme == "rediss" and cache.ca_file and "ssl_ca" not in cache.query:
        options["ssl_ca_certs"] = cache.ca_file
    return options


def open_cache(env=os.environ):
    """A client of the cache, or None when there is none."""
    cache = connection("REDIS_URL", VALKEY, env)
    return cache and redis.Redis.from_url(cache.url, **cache_options(cache))
